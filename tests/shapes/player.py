"""Plays captured shapes of real provisioning clients against a SCIM server, and reports each
mismatch precisely.

A shape file is a list of steps: `name`, `source` (where the shape was seen), `request` (`method`,
`path`, `query` as on the wire, `headers`, `body` or `raw`) and `expect` (`status`, `scimType`,
`headers`, `body` by path, `saves`). In later steps `{saved}` stands for what an earlier one saved.
Content type and the form of errors are checked unasked.

    mismatches = await play_http("https://host/scim/x/v2", "token", load(path))
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from yarl import URL

from tests.shapes import constraints
from tests.shapes.paths import ABSENT, Ambiguous, find

Step = dict[str, Any]
Send = Callable[[str, str, dict[str, str], bytes], Awaitable[tuple[int, Mapping[str, str], bytes]]]
"""`(method, path with query below the base URL, headers, body) -> (status, headers, body)`."""

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

FOLDER = Path(__file__).parent
CLIENTS = sorted((FOLDER / "clients").glob("*.json"))
PAYLOADS = sorted((FOLDER / "payloads").glob("*/*.json"))

_SAVED = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A step with a mismatch: the request, and every difference of the answer."""

    step: str
    source: str
    request: str
    status: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """One readable paragraph."""
        return "\n  ".join(
            (
                f"{self.step}: {self.request} -> {self.status}",
                *self.problems,
                f"source: {self.source}",
            )
        )


@dataclass(slots=True)
class PlayedResponse:
    """An answer with its decoded body; ABSENT if there is none, or no JSON."""

    status: int
    headers: dict[str, str]
    body: bytes
    content: Any = field(init=False)

    def __post_init__(self) -> None:
        """Decode."""
        try:
            self.content = orjson.loads(self.body) if self.body else ABSENT
        except orjson.JSONDecodeError:
            self.content = ABSENT


def load(path: Path) -> list[Step]:
    """Return the steps of a client's file, or those that a payload file represents."""
    content = orjson.loads(path.read_bytes())
    return content["steps"] if "steps" in content else payload_steps(content)


def payload_steps(payload: dict[str, Any]) -> list[Step]:
    """Return the steps that prepare, the request itself, and a read of the resource afterwards."""
    given = orjson.loads((FOLDER / "payloads" / "given.json").read_bytes())
    steps = [given[name] for name in payload["given"]]
    expect = dict(payload["expect"])
    resulting = payload.get("resulting")
    steps.append(
        {name: payload[name] for name in ("name", "source", "request")} | {"expect": expect}
    )
    if resulting is not None:
        group = payload["request"]["path"].startswith("/Groups")
        where = payload.get("resource", "/Groups/{group_id}" if group else "/Users/{user_id}")
        if (
            "id" not in expect.get("saves", {}).values()
            and expect["status"] == 200
            and where == payload["request"]["path"]
        ):
            expect["body"] = resulting | expect.get("body", {})
        look = {
            "request": {"method": "GET", "path": where},
            "expect": {"status": 200, "body": resulting},
        }
        steps.append(
            {"name": f"{payload['name']}: afterwards", "source": payload["source"], **look}
        )
    return steps


async def play(
    steps: Iterable[Step], send: Send, *, headers: Mapping[str, str] | None = None
) -> list[Mismatch]:
    """Play all steps in order; the list is empty when every answer fits.

    A step that needs what an earlier one could not save is reported and not sent.
    """
    saved: dict[str, Any] = {}
    found = []
    for step in steps:
        problems, status = await _play(step, send, saved, dict(headers or {}))
        if problems:
            request = f"{step['request']['method']} {_target(step['request'])}"
            found.append(Mismatch(step["name"], step["source"], request, status, tuple(problems)))
    return found


async def play_http(base: str, token: str, steps: Iterable[Step]) -> list[Mismatch]:
    """Play against a server over HTTP, with this bearer token."""
    async with aiohttp.ClientSession(
        skip_auto_headers=("User-Agent", "Content-Type", "Accept")
    ) as session:

        async def send(
            method: str, path: str, headers: dict[str, str], body: bytes
        ) -> tuple[int, dict[str, str], bytes]:
            url = URL(base.rstrip("/") + path, encoded=True)
            async with session.request(method, url, headers=headers, data=body or None) as response:
                return response.status, dict(response.headers), await response.read()

        return await play(steps, send, headers={"Authorization": f"Bearer {token}"})


async def _play(
    step: Step, send: Send, saved: dict[str, Any], headers: dict[str, str]
) -> tuple[list[str], int]:
    missing = sorted(name for name in needs(step) if name not in saved)
    if missing:
        return [f"not sent: {', '.join(missing)} was not saved by an earlier step"], 0
    request, expect = _filled(step["request"], saved), _filled(step["expect"], saved)
    body = request["raw"].encode() if "raw" in request else b""
    if "body" in request:
        body = orjson.dumps(request["body"])
        headers["Content-Type"] = "application/scim+json; charset=utf-8"
    for name, value in request.get("headers", {}).items():
        if value is None:
            headers.pop(name, None)
        else:
            headers[name] = value
    status, answered, content = await send(request["method"], _target(request), headers, body)
    answer = PlayedResponse(
        status, {name.lower(): value for name, value in answered.items()}, content
    )
    problems = [*_status(answer, expect), *_headers(answer, expect), *_body(answer, expect)]
    for name, path in expect.get("saves", {}).items():
        value = find(answer.content, path)
        if value is not ABSENT:
            saved[name] = value
    return problems, status


def needs(step: Step) -> set[str]:
    """Return the names that earlier steps must have saved; `{…}` elsewhere, as in JSON within a
    text, is none.
    """
    return set(_SAVED.findall(orjson.dumps([step["request"], step["expect"]]).decode()))


def _filled(value: Any, saved: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        whole = _SAVED.fullmatch(value)
        return saved[whole[1]] if whole else _SAVED.sub(lambda each: str(saved[each[1]]), value)
    if isinstance(value, list):
        return [_filled(each, saved) for each in value]
    if isinstance(value, dict):
        return {_filled(name, saved): _filled(each, saved) for name, each in value.items()}
    return value


def _target(request: Mapping[str, Any]) -> str:
    return f"{request['path']}{'?' + request['query'] if 'query' in request else ''}"


def _status(answer: PlayedResponse, expect: Step) -> list[str]:
    wanted = expect["status"] if isinstance(expect["status"], list) else [expect["status"]]
    if answer.status in wanted:
        return []
    said = find(answer.content, "detail")
    detail = f": {said}" if isinstance(said, str) else ""
    return [
        f"status is {answer.status} instead of {' or '.join(str(each) for each in wanted)}{detail}"
    ]


def _headers(answer: PlayedResponse, expect: Step) -> list[str]:
    problems = []
    content_type = answer.headers.get("content-type", "")
    if answer.body and not content_type.lower().startswith(
        expect.get("content_type", "application/scim+json")
    ):
        problems.append(f"Content-Type is {content_type!r}")
    for name, constraint in expect.get("headers", {}).items():
        wrong = constraints.violation(answer.headers.get(name.lower(), ABSENT), constraint)
        problems += [f"header {name} {wrong}"] if wrong else []
    return problems


def _body(answer: PlayedResponse, expect: Step) -> list[str]:
    problems = (
        _error(answer, expect) if answer.status >= 400 and "content_type" not in expect else []
    )
    if answer.status == 204 and answer.body:
        problems.append("a 204 has a body")
    if answer.status not in (204, 304) and answer.content is ABSENT:
        return [*problems, "the body is not JSON"]
    if answer.status == 204:
        return problems
    for path, constraint in expect.get("body", {}).items():
        try:
            wrong = constraints.violation(find(answer.content, path), constraint)
        except Ambiguous as error:
            wrong = str(error)
        problems += [f"{path or 'the body'} {wrong}"] if wrong else []
    return problems


def _error(answer: PlayedResponse, expect: Step) -> list[str]:
    """RFC 7644 section 3.12: schema, `status` as text; and a detail, which Entra shows to the administrator."""
    wanted: dict[str, Any] = {
        "schemas": [ERROR],
        "status": str(answer.status),
        "detail": {"$matches": r"\S"},
    }
    if "scimType" in expect:
        wanted["scimType"] = expect["scimType"]
    found = (
        (path, constraints.violation(find(answer.content, path), each))
        for path, each in wanted.items()
    )
    return [f"error: {path} {wrong}" for path, wrong in found if wrong]
