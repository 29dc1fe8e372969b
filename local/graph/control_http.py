"""The HTTP side of the control: checked bodies in, JSON or a reason out."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from local.graph import answers

_Body = TypeVar("_Body", bound=BaseModel)


class Refused(Exception):
    """The call cannot be done; the text says why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def as_json(
    handler: Callable[[Request], Awaitable[object]],
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers with what the handler gives, or why it refused."""

    async def answer(request: Request) -> Response:
        try:
            return answers.json(await handler(request))
        except Refused as error:
            return answers.json({"error": error.detail}, error.status)

    return answer


async def read(request: Request, model: type[_Body]) -> _Body:
    """The body, checked. Only application/json: a page of another origin cannot send that without asking."""
    content = await request.body() or b"{}"
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refused(415, "Content-Type must be application/json.")
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        wrong = (
            f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise Refused(400, "; ".join(wrong)) from None
