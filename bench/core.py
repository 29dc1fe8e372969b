"""Compare the CPU cost of the SCIM core with that of scim2-models for the same work: `python -m bench.core`.

Each figure is the best of several rounds on this machine, in microseconds. Only ratios are
comparable across machines.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scim.core.errors import ScimError
from scim.core.filters import parse_filter
from scim.core.patch import PATCH_URN, apply_patch, parse_patch
from scim.core.projection import parse_attributes
from scim.core.resources import parse_resource
from scim.core.schemas import ENTERPRISE_URN, USER, USER_URN

ROUNDS = 7
_SECONDS_A_ROUND = 0.05

_MANAGER = {"value": "26118915", "$ref": "https://example.com/v2/Users/26118915"}
ENTRA_POST: dict[str, Any] = {
    "schemas": [USER_URN, ENTERPRISE_URN],
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "userName": "babs.jensen@contoso.com",
    "active": True,
    "displayName": "Babs Jensen",
    "title": "Tour Guide",
    "preferredLanguage": "en-US",
    "emails": [{"primary": True, "type": "work", "value": "babs.jensen@contoso.com"}],
    "phoneNumbers": [
        {"type": "work", "value": "+44 20 7946 0018", "primary": True},
        {"type": "mobile", "value": "+44 7700 900123"},
    ],
    "addresses": [
        {"type": "work", "streetAddress": "1 High Street", "locality": "London", "country": "GB"}
    ],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "Babs Jensen", "familyName": "Jensen", "givenName": "Babs"},
    "roles": [],
    ENTERPRISE_URN: {"department": "Tours", "employeeNumber": "701984", "manager": _MANAGER},
}
ENTRA_PATCH: dict[str, Any] = {
    "schemas": [PATCH_URN],
    "Operations": [
        {"op": "Replace", "path": "displayName", "value": "Barbara Jensen"},
        {
            "op": "Replace",
            "path": 'phoneNumbers[type eq "work"].value',
            "value": "+44 20 7946 0999",
        },
        {"op": "Add", "path": f"{ENTERPRISE_URN}:department", "value": "Retail"},
    ],
}
FILTER = 'userName eq "babs.jensen@contoso.com"'


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table; `ours` and `theirs` do the same work.

    `theirs` is None if scim2-models has nothing to compare. `target` is how many microseconds a
    call of `ours` may take at most.
    """

    name: str
    ours: Callable[[], object]
    theirs: Callable[[], object] | None
    target: float


def cases() -> list[Case]:
    """Return the cases to measure."""
    from scim2_models import Context, EnterpriseUser, PatchOp, ScimFilter, ScimPolicy, User

    model: Any = User
    oracle_user: Any = model[EnterpriseUser]
    tolerant = ScimPolicy(unknown=ScimPolicy.Unknown.ignore)
    user = parse_resource(ENTRA_POST, USER)
    their_user = oracle_user.model_validate(user)
    names = iter(range(10**9))

    def new_filter() -> str:
        return f'userName eq "babs{next(names)}@contoso.com"'

    def their_patch() -> object:
        copy = their_user.model_copy(deep=True)
        context = Context.RESOURCE_PATCH_REQUEST
        PatchOp[oracle_user].model_validate(ENTRA_PATCH, scim_ctx=context).patch(copy)
        return copy

    def their_post() -> object:
        context = Context.RESOURCE_CREATION_REQUEST
        return oracle_user.model_validate(ENTRA_POST, scim_ctx=context, scim_policy=tolerant)

    parsed = parse_filter(FILTER, USER)
    their_parsed = ScimFilter[oracle_user](FILTER)
    some = parse_attributes("userName,name.givenName,emails.value", None, USER)
    return [
        Case(
            "filter userName eq: parse and match, new text",
            lambda: parse_filter(new_filter(), USER).matches(user),
            lambda: ScimFilter[oracle_user](new_filter()).match(their_user),
            30,
        ),
        Case(
            "filter userName eq: parse and match, known text",
            lambda: parse_filter(FILTER, USER).matches(user),
            lambda: ScimFilter[oracle_user](FILTER).match(their_user),
            5,
        ),
        Case(
            "filter userName eq: match only",
            lambda: parsed.matches(user),
            lambda: their_parsed.match(their_user),
            1,
        ),
        Case(
            "PATCH of three operations: read and apply",
            lambda: apply_patch(user, parse_patch(ENTRA_PATCH), USER),
            their_patch,
            150,
        ),
        Case(
            "POST of Entra: read and check",
            lambda: parse_resource(ENTRA_POST, USER),
            their_post,
            60,
        ),
        Case("attributes=…: leave out", lambda: some.apply(user), None, 10),
    ]


def microseconds(call: Callable[[], object]) -> float:
    """Return the duration of one call, the best of several rounds."""
    call()
    count, best = 1, float("inf")
    while True:
        elapsed = _elapsed(call, count)
        if elapsed >= _SECONDS_A_ROUND:
            break
        count = max(count + 1, int(count * _SECONDS_A_ROUND / max(elapsed, 1e-7) * 1.1))
    for _ in range(ROUNDS):
        best = min(best, _elapsed(call, count) / count)
    return best * 1e6


def _elapsed(call: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - start


def import_milliseconds(module: str) -> float:
    """Return how much importing a module adds to the interpreter's start, with cached bytecode."""
    with tempfile.TemporaryDirectory() as cache:

        def started(statement: str) -> float:
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-E", "-X", f"pycache_prefix={cache}", "-c", statement], check=True
            )
            return time.perf_counter() - start

        return (
            min(started(f"import {module}") for _ in range(6))
            - min(started("pass") for _ in range(6))
        ) * 1e3


def main() -> int:
    """Print the table; return 1 if the core misses a target."""
    missed = 0
    print(f"{'':48} {'ours µs':>9} {'target':>7} {'scim2-models µs':>16} {'ratio':>7}")
    for case in cases():
        ours = microseconds(case.ours)
        theirs = microseconds(case.theirs) if case.theirs else None
        missed += ours > case.target
        beside = f"{theirs:16.1f} {theirs / ours:6.0f}x" if theirs else ""
        print(f"{case.name:48} {ours:9.2f} {case.target:7.0f} {beside}")
    ours, theirs = import_milliseconds("scim.core.patch"), import_milliseconds("scim2_models")
    print(f"{'import, milliseconds':48} {ours:9.1f} {'':7} {theirs:16.1f} {theirs / ours:6.0f}x")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ScimError as error:
        sys.exit(error.detail)
