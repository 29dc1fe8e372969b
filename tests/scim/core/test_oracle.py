"""The core and scim2-models give the same results for generated input, except for `deviations`."""

from typing import Any

import pytest
from hypothesis import assume, given

from scim.core.errors import ScimError
from scim.core.filters import parse_filter
from scim.core.patch import apply_patch, parse_patch
from scim.core.patch_path import parse_path
from scim.core.resources import parse_resource
from scim.core.schemas import ENTERPRISE_URN, USER, USER_URN
from tests.scim.core import oracle
from tests.scim.core.deviations import CASEFOLD, DEVIATIONS
from tests.scim.core.examples import bodies, filters, patch_users, patches, paths, share, users


def _ours(resource: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any] | str:
    try:
        return apply_patch(resource, parse_patch({"Operations": operations}), USER)
    except ScimError as error:
        return str(error.scim_type)


@share(0.5)
@given(users, filters)
def test_a_filter_selects_what_the_oracle_selects(user: dict[str, Any], text: str) -> None:
    """RFC 7644 section 3.4.2.2: every operator, type, precedence, value path and case rule."""
    assert parse_filter(text, USER).matches(user) is oracle.matches(text, user)


@share(0.5)
@given(patch_users, patches)
def test_a_patch_gives_the_oracles_result(
    user: dict[str, Any], operations: list[dict[str, Any]]
) -> None:
    """RFC 7644 section 3.5.2: the same resource, or an error with the same scimType."""
    assume(not any(deviation.applies(user, operations) for deviation in DEVIATIONS.values()))
    expected = oracle.patched(user, operations)
    if isinstance(expected, dict):
        for deviation in DEVIATIONS.values():
            expected = deviation.adjust(expected)
    assert _ours(user, operations) == expected


@share(0.1)
@given(bodies)
def test_a_body_gives_the_oracles_resource(body: dict[str, Any]) -> None:
    """RFC 7644 section 3.3 and RFC 7643 section 2.1: names in any case give the same resource."""
    assert parse_resource(body, USER) == oracle.read(body)


@share(0.1)
@given(paths)
def test_a_path_gives_the_oracles_full_name(path: str) -> None:
    """RFC 7644 section 3.10: every name, in any case, with and without URN."""
    parsed = parse_path(path, USER)
    leaf = parsed.sub or parsed.attribute
    assert leaf is not None
    assert oracle.resolved(path) == (leaf.path if parsed.extension else f"{USER_URN}:{leaf.path}")


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_deviation_still_is_one(name: str) -> None:
    """An entry of `deviations` must be removed when the two no longer differ."""
    parts, operations = DEVIATIONS[name].example
    urns = [USER_URN, ENTERPRISE_URN] if ENTERPRISE_URN in parts else [USER_URN]
    user = {"schemas": urns, "userName": "u", **parts}
    assert _ours(user, operations) != oracle.patched(user, operations)


def test_sharp_s_is_compared_casefolded() -> None:
    """The only difference in comparing text: key rows are casefolded, and a filter must match the
    same users.
    """
    user = {"schemas": [USER_URN], "userName": CASEFOLD}
    text = 'userName eq "SS"'
    assert (parse_filter(text, USER).matches(user), oracle.matches(text, user)) == (True, False)
