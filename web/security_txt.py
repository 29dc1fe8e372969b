"""`/.well-known/security.txt` (RFC 9116): the contact to whom vulnerabilities of this deployment are reported."""

from datetime import timedelta

from shared.app import App
from shared.azure_functions import Handler
from shared.http import HttpError, Request, Response
from shared.messages import Message

_PATH = "/.well-known/security.txt"
_VALID = timedelta(days=180)  # RFC 9116 section 2.5.5: less than a year


def handler(app: App) -> Handler:
    """Return the HTTP handler of a GET; it raises HttpError 404 if the setting names no contact."""

    async def serve(request: Request) -> Response:
        contact = app.settings.security_contact
        if not contact:
            raise HttpError(404, Message("no_security_contact"))
        expires = (app.clock.now() + _VALID).strftime("%Y-%m-%dT00:00:00Z")
        lines = [f"Contact: {contact}", f"Expires: {expires}", "Preferred-Languages: en"]
        if app.settings.public_url:
            lines.append(f"Canonical: {app.settings.public_url}{_PATH}")
        headers = {
            "Content-Type": "text/plain; charset=utf-8",
            "Cache-Control": "public, max-age=86400",
        }
        return Response(200, ("\n".join(lines) + "\n").encode(), headers)

    return serve
