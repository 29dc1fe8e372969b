"""django-scim2 as an ASGI application with a SQLite file that is not durable: `uvicorn django_app:app`."""

import os
import tempfile

import django
from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

_AUTHORIZATION = f"Bearer {os.environ['PEER_TOKEN']}"


def sign_in(get_response):
    """Return a Django middleware that accepts one token; django-scim2 leaves this to other middleware."""

    def middleware(request):
        request.user = Client(request.headers.get("Authorization") == _AUTHORIZATION)
        return get_response(request)

    return middleware


class Client:
    """A client, for Django."""

    def __init__(self, is_authenticated):
        self.is_authenticated = is_authenticated


_FOLDER = tempfile.TemporaryDirectory()
settings.configure(
    SECRET_KEY="for a benchmark",  # nothing is signed
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(_FOLDER.name, "peer.db"),
            # Writes aren't durable, so that the store is comparable to one in memory.
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF",
            },
            "CONN_MAX_AGE": None,
        }
    },
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django_scim",
        "django_peer",
    ],
    AUTH_USER_MODEL="django_peer.ScimUser",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=["django_app.sign_in", "django_scim.middleware.SCIMAuthCheckMiddleware"],
    SCIM_SERVICE_PROVIDER={
        "NETLOC": "127.0.0.1",
        "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "token"}],
    },
    LOGGING_CONFIG=None,
)
django.setup()

from django.core.management import call_command  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
urlpatterns = [path("scim/v2/", include("django_scim.urls"))]
app = WSGIMiddleware(get_wsgi_application(), workers=8)
