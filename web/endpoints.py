"""The functions of the pages. Their templates overlap with none, since the host knows no precedence among routes."""

import azure.functions as func

from presence.names import CALLBACK
from shared.functions import add_http, by_method
from shared.http import Request
from shared.services import Services
from web import static_files
from web.openapi.endpoints import serve as serve_description
from web.site import Page, admin, agent


def blueprint(services: Services) -> func.Blueprint:
    """Pages for administrators (`/`, `/directories/…`), for agents (`/contacts…`), and their files."""
    functions = func.Blueprint()  # type: ignore[no-untyped-call, unused-ignore]
    add_http(functions, "page_home", "/", admin(services, _home))
    add_http(functions, "page_directory", "directories/{directoryId}/{page?}", admin(services, _directory))
    add_http(functions, "page_contacts", "contacts/{part?}", agent(services, _contacts))
    add_http(functions, "page_directories", "directories", admin(services, _list))
    add_http(functions, "page_sign_in_callback", CALLBACK.lstrip("/"), admin(services, _way_back))
    add_http(functions, "api_description", "api/openapi.json", by_method(GET=serve_description))
    add_http(functions, "page_static", "static/{name}", by_method(GET=static_files.serve))
    return functions


# The pages are imported with the first one that is asked for: a cold start for a SCIM call has no use for them.
def _home(request: Request) -> dict[str, Page]:
    from web.routes import of_home

    return of_home(request)


def _list(request: Request) -> dict[str, Page]:
    from web.routes import of_list

    return of_list(request)


def _way_back(request: Request) -> dict[str, Page]:
    from web.routes import of_way_back

    return of_way_back(request)


def _directory(request: Request) -> dict[str, Page]:
    from web.routes import of_directory

    return of_directory(request)


def _contacts(request: Request) -> dict[str, Page]:
    from web.routes import of_contacts

    return of_contacts(request)
