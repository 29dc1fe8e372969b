"""Any input gives a result or a ScimError; every result can be stored, encoded and parsed again."""

from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from hypothesis import given
from hypothesis import strategies as st

from scim.core.errors import ScimError
from scim.core.filters import parse_filter
from scim.core.patch import apply_patch, member_changes, parse_patch
from scim.core.patch_path import parse_path
from scim.core.projection import parse_attributes
from scim.core.resources import parse_resource, replace_resource
from scim.core.schemas import ENTERPRISE_URN, GROUP, USER
from scim.core.sorting import sort_key
from tests.scim.core.examples import share

T = TypeVar("T")

NAMES = (
    *USER.names,
    "members",
    'members[value eq "1"]',
    "Operations",
    "unknown",
    'emails[type eq "work"].value',
    'phoneNumbers[type eq "work"]',
    "name..x",
    "[",
    "",
    f"{ENTERPRISE_URN}:manager",
)
PIECES = (
    *(
        "userName",
        "emails",
        "eq",
        "ne",
        "co",
        "gt",
        "pr",
        "and",
        "or",
        "not",
        "(",
        ")",
        "[",
        "]",
        '"a"',
        "true",
        "null",
    ),
    *(
        "1",
        ".value",
        'emails[type eq "work"]',
        '"',
        "\\",
        "active",
        "meta.created",
        '"2020-01-01T00:00:00Z"',
        "name",
        ".",
    ),
    *("schemas", "2020-13-01", '""', '"\\ud800"', '"\\u12"', ENTERPRISE_URN),
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(NAMES)
)
names = st.sampled_from(NAMES) | st.text(max_size=5)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)
operations = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(("add", "remove", "Replace")) | values,
        "path": names,
        "value": values,
    },
)
bodies = values | st.fixed_dictionaries({"Operations": st.lists(operations, max_size=4)})
resources = st.dictionaries(st.sampled_from(NAMES), values)
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map(" ".join) | st.text()
BASE = parse_resource(
    {
        "userName": "u",
        "displayName": "u",
        "name": {"givenName": "g"},
        "emails": [{"value": "a", "type": "work"}],
        ENTERPRISE_URN: {"manager": "1"},
    },
    USER,
)


def _tried(call: Callable[..., T], *arguments: Any) -> T | None:
    """Return the call's result, or None after a ScimError that can be encoded as a response."""
    try:
        return call(*arguments)
    except ScimError as error:
        body = orjson.loads(orjson.dumps(error.body()))
    assert body["status"] in ("400", "413")
    return None


@share(0.3)
@given(texts)
def test_any_text_is_a_filter_path_or_list_or_refused(text: str) -> None:
    """RFC 7644 section 3.12: a client's fault is a 4xx error, so only ScimError may be raised."""
    for kind in (USER, GROUP):
        if parsed := _tried(parse_filter, text, kind):
            assert parsed.matches(BASE) in (True, False)
        _tried(parse_path, text, kind)
        _tried(sort_key, BASE, text, kind)
        for lists in ((text, None), (None, text)):
            if projection := _tried(parse_attributes, *lists, kind):
                assert projection.apply(BASE)["schemas"] == BASE["schemas"]


@share(0.3)
@given(bodies, resources)
def test_any_body_is_read_or_refused(body: Any, other: dict[str, Any]) -> None:
    """A parsed body is canonical: parsing it again changes nothing. The input isn't modified."""
    for kind in (USER, GROUP):
        read = [_tried(parse_resource, {**other, "userName": "x", "displayName": "x"}, kind)]
        read += [_tried(parse_resource, body, kind)]
        read += [BASE] if kind is USER else []
        found = _tried(parse_patch, body)
        for resource in filter(None, read):
            before = orjson.dumps(resource)
            if found:
                patched = _tried(apply_patch, resource, found, kind)
                assert orjson.dumps(resource) == before
                assert patched is None or parse_resource(patched, kind) == patched
                _tried(member_changes, found)
            assert _tried(replace_resource, BASE, resource, kind) is not None
