"""`bench.correctness` accepts a server that carries every operation out, and names the operation of a wrong answer."""

from collections.abc import Callable

import pytest
from aiohttp import web

from bench.correctness import check
from local.entra import Options
from tests.local.entra.strict_server import Reply, StrictServer

_Wrong = Callable[[web.Request, Reply], bool]


async def test_a_right_server_has_no_faults(options: Options, strict: StrictServer) -> None:
    """It keeps every attribute, checks the token, refuses a second person of a userName, and reuses its connection."""
    verdict = await check(options)
    assert not verdict.faults
    assert verdict.kept == verdict.sent > 10
    assert verdict.is_authenticated
    assert verdict.is_unique
    assert verdict.connections == 1
    assert strict.resources["Users"] == {}


def _spoil(reply: Reply, spoil: Callable[[Reply], None]) -> Reply:
    spoil(reply)
    return reply


def _empty(reply: Reply) -> None:
    reply.content |= {"Resources": [], "totalResults": 0}


def _everyone(reply: Reply) -> None:
    reply.content |= {"totalResults": 500}


def _short(reply: Reply) -> None:
    reply.content["Resources"] = reply.content["Resources"][:20]


def _error(reply: Reply) -> None:
    reply.status = 400


def _unchanged(reply: Reply) -> None:
    reply.content["name"] = {**reply.content["name"], "familyName": "Unchanged"}


@pytest.mark.parametrize(
    ("operation", "is_wrong", "spoil"),
    [
        ("filter hit", lambda request, reply: _found(request, reply) == 1, _empty),
        ("filter miss", lambda request, reply: _found(request, reply) == 0, _everyone),
        ("page of 100", lambda request, _: "startIndex" in request.query, _short),
        ("PATCH", lambda request, _: request.method == "PATCH", _error),
        ("PATCH", lambda request, reply: _is_patched(request, reply), _unchanged),
        ("DELETE", lambda request, _: request.method == "DELETE", _error),
    ],
)
async def test_a_wrong_answer_is_a_fault_of_its_operation(
    options: Options,
    strict: StrictServer,
    operation: str,
    is_wrong: _Wrong,
    spoil: Callable[[Reply], None],
) -> None:
    """An answer that leaves the work out would otherwise count as a quick one."""
    strict.fault = lambda request, reply: (
        _spoil(reply, spoil) if is_wrong(request, reply) else reply
    )
    verdict = await check(options)
    assert operation in verdict.faults
    assert set(verdict.faults) <= {operation, "DELETE"}


def _found(request: web.Request, reply: Reply) -> int:
    """Return the number of people that a filter found; -1 for another request."""
    return reply.content["totalResults"] if "filter" in request.query else -1


def _is_patched(request: web.Request, reply: Reply) -> bool:
    return request.method == "GET" and reply.status == 200 and "Jr." in str(reply.content)
