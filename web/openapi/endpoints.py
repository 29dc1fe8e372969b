"""`GET /api/openapi.json`."""

from shared.http import JSON, Request, Response


async def serve(_: Request) -> Response:
    """The description; it is made at the first request, since no other needs it."""
    from web.openapi.description import as_bytes

    return Response(200, as_bytes(), {"Content-Type": JSON, "Cache-Control": "public, max-age=300"})
