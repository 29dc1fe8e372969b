"""A function app with one function that does nothing: the lower bound of every request on the local host."""

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
_HEADERS = {"Content-Type": "application/scim+json", "X-Content-Type-Options": "nosniff"}


@app.route(route="{*path}", methods=["GET"])
async def empty(req: func.HttpRequest) -> func.HttpResponse:
    """Return an empty JSON object."""
    return func.HttpResponse(b"{}", status_code=200, headers=_HEADERS)
