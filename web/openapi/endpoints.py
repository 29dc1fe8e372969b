"""`GET /api/openapi.json`: return the checked-in OpenAPI description with this deployment's address."""

from pathlib import Path

from shared.app import App
from shared.azure_functions import Handler
from shared.http import JSON, HttpError, Request, Response
from shared.messages import Message

VERSIONS = ("3.1", "3.0")
_FOLDER = Path(__file__).parent


def path_of(version: str) -> Path:
    """Return the path of the file that describes the API in this version of the OpenAPI Specification."""
    return _FOLDER / f"openapi-{version}.json"


def handler(app: App) -> Handler:
    """Return the HTTP handler of a GET.

    It raises HttpError 400 if the query names an unsupported version of the OpenAPI Specification.
    """

    async def serve(request: Request) -> Response:
        import orjson

        version = request.query.get("version", "") or VERSIONS[0]
        if version not in VERSIONS:
            known = ", ".join(VERSIONS)
            message = Message("not_one_of", name="version", value=version[:20], known=known)
            raise HttpError(400, message, field="version")
        document = orjson.loads(path_of(version).read_bytes())
        document["servers"] = [{"url": app.settings.public_url or request.origin}]
        headers = {"Content-Type": JSON, "Cache-Control": "public, max-age=300"}
        return Response(200, orjson.dumps(document), headers)

    return serve
