"""User names that look alike: one user or two, as SCIM compares them (RFC 7643 section 4.1.1)."""

import orjson
import pytest

from tests.scim.client import ScimClient

SAME = [
    ("straße", "STRASSE"),
    ("İzmir", "i\u0307zmir"),
    ("ﬁn", "fin"),
    ("e\u0301", "é"),
    ("K", "\u212a"),
    ("ß", "ẞ"),
    ("Σας", "σασ"),
]
OTHER = [
    ("Istanbul", "ıstanbul"), ("ａbc", "abc"), ("a|b", "a~7Cb"), ("a~b", "a~7Eb"), ("x/y", "x~2Fy"), ("q'q", "q~27q"),
    ("a\u200bb", "ab"), ("a b", "a  b"), (" a", "a"), ("n\x00", "n"), ("🙂", "~u01F642"), ("x" * 300, "x" * 301),
]  # fmt: skip


@pytest.mark.clause("7643/4.1.1-userName", "7644/7.8")
@pytest.mark.parametrize(("one", "other"), SAME)
async def test_names_that_compare_equal_are_one(scim: ScimClient, one: str, other: str) -> None:
    """409 for the second; a filter with either name finds the user."""
    user = await scim.user(one)
    assert (await scim.user(other)).status == 409
    for name in (one, other):
        assert await _found(scim, name) == [user.id]


@pytest.mark.clause("7644/7.8")
@pytest.mark.parametrize(("one", "other"), OTHER)
async def test_names_that_only_look_equal_or_share_an_escape_are_two(
    scim: ScimClient, one: str, other: str
) -> None:
    """Their rows have different keys, and a filter with each finds its own user."""
    for name in (one, other):
        user = await scim.user(name)
        assert user.status == 201
        assert await _found(scim, name) == [user.id]


async def _found(scim: ScimClient, name: str) -> list[str]:
    """Return the ids found by the index; assert that a scan finds the same."""
    text = f"userName eq {orjson.dumps(name).decode()}"
    by_index, by_reading = [
        await scim.get("/Users", filter=one) for one in (text, f"not (not ({text}))")
    ]
    assert by_index.resources == by_reading.resources
    return [user["id"] for user in by_index.resources]
