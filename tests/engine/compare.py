"""Sends the same requests through the local host and through the platform's engine, for tests that
compare the responses.
"""

import base64
import random
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from unittest.mock import patch

import orjson

from local.host.asgi import Functions, Limits, WebApp
from local.host.http import HostResponse
from shared.ids import RandomSource
from tests.clock import FixedClock

_PLACEHOLDER = re.compile(r"<(\w+)>")


@dataclass(frozen=True, slots=True)
class Step:
    """One request, in which `<name>` stands for a value of an earlier response.

    `keep` maps such a name to the value's path in the JSON response: `token.value`, or `scimBaseUrl`.
    """

    method: str
    target: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The response to a step in a comparable form: headers are sorted by name, and cookies keep their
    order.
    """

    request: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def outcomes(functions: Functions, steps: Sequence[Step]) -> list[Outcome]:
    """Send the steps in order with one signed-in user, and return the responses; `functions` is the local
    host or the engine.
    """
    web = WebApp(functions, Limits(), platform_sign_in=True, access_log=False)
    kept: dict[str, str] = {}
    found = []
    for step in steps:
        target = _fill(step.target, kept)
        path, _, query = target.partition("?")
        body = _body(step, kept)
        headers = {
            "host": "127.0.0.1:7071",
            **{key.lower(): _fill(value, kept) for key, value in step.headers.items()},
        }
        if body:
            headers.setdefault("content-length", str(len(body)))
            headers.setdefault("content-type", "application/json")
        answer = await web.respond(step.method, path, query, headers, body)
        found.append(_outcome(f"{step.method} {target}", answer))
        content = orjson.loads(answer.body) if step.keep else None
        kept |= {name: _at(content, place) for name, place in step.keep.items()}
    return found


def _outcome(request: str, answer: HostResponse) -> Outcome:
    return Outcome(
        request, answer.status, tuple(sorted(answer.headers, key=lambda each: each[0])), answer.body
    )


def _fill(text: str, kept: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: kept.get(match.group(1), match.group()), text)


def _body(step: Step, kept: Mapping[str, str]) -> bytes:
    if step.body is None or isinstance(step.body, bytes):
        return step.body or b""
    return _fill(orjson.dumps(step.body).decode(), kept).encode()


def _at(content: Any, place: str) -> str:
    for part in place.split("."):
        content = content[int(part)] if isinstance(content, list) else content[part]
    return str(content)


class _Seeded(Protocol):
    def seed(self, a: int) -> None: ...


@contextmanager
def reproducible() -> Iterator[_Seeded]:
    """Yield a source of fixed time and random values for apps loaded inside the block, so that two runs
    return equal responses.

    Call `seed` before each run.
    """
    source = random.Random(1)
    with (
        patch("shared.clock.SystemClock", FixedClock),
        patch.object(random.SystemRandom, "getrandbits", lambda self, k: source.getrandbits(k)),
        patch.object(RandomSource, "bits", lambda self, count: source.getrandbits(count)),
        patch.object(secrets, "randbits", source.getrandbits),
        patch.object(secrets, "token_bytes", lambda nbytes=32: source.randbytes(nbytes)),
        patch.object(secrets, "token_hex", lambda nbytes=32: source.randbytes(nbytes).hex()),
        patch.object(
            secrets, "token_urlsafe", lambda nbytes=32: _url_safe(source.randbytes(nbytes))
        ),
    ):
        yield source


def _url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
