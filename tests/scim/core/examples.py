"""Generated users, filters, paths and PATCHes: the same input for the core and for its oracle."""

from collections.abc import Callable
from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st

from scim.core.schemas import ENTERPRISE_URN, USER, USER_URN

# A few values that meet often, in different case, with and without accents, with characters that
# filters must quote.
TEXTS = (
    "a",
    "A",
    "ab",
    "Ab B",
    "b",
    "Éa",
    "éA",
    'x"y',
    "x\\y",
    "work",
    "true",
    "1",
    "a]b",
    "(a)",
    "日本",
)
MAILS = ("a@x.com", "A@X.com", "b@x.com", "é@x.com")
TYPES = ("work", "home", "mobile")


def share(part: float) -> settings:
    """Return settings with this fraction (0 to 1) of the profile's number of examples."""
    return settings(max_examples=max(1, round(settings().max_examples * part)))


texts = st.sampled_from(TEXTS)
booleans = st.booleans()


def _element(value: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    optional = {"type": st.sampled_from(TYPES), "display": texts, "primary": st.just(False)}
    return st.fixed_dictionaries({"value": value}, optional=optional)


def _elements(value: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return one to three elements with different values, at most one of them primary."""

    def with_primary(pair: tuple[list[dict[str, Any]], int]) -> list[dict[str, Any]]:
        elements, primary = pair
        return [
            {**e, "primary": True} if place == primary else e for place, e in enumerate(elements)
        ]

    lists = st.lists(
        _element(value), min_size=1, max_size=3, unique_by=lambda e: e["value"].lower()
    )
    return st.tuples(lists, st.integers(0, 6)).map(with_primary)


mails = _elements(st.sampled_from(MAILS))
phones = _elements(texts)
names = st.fixed_dictionaries(
    {}, optional={"givenName": texts, "familyName": texts, "formatted": texts}
).filter(bool)
managers = st.fixed_dictionaries({"value": texts})
addresses = st.lists(
    st.fixed_dictionaries(
        {"locality": texts}, optional={"type": st.sampled_from(TYPES), "country": texts}
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda e: e["locality"],
)
extensions = st.fixed_dictionaries(
    {}, optional={"department": texts, "employeeNumber": texts, "manager": managers}
)


def _user(parts: dict[str, Any]) -> dict[str, Any]:
    extension = {ENTERPRISE_URN: parts.pop("extension")} if parts.get("extension") else {}
    parts.pop("extension", None)
    return {"schemas": [USER_URN, *extension], **parts, **extension}


def _with_spellings(user: dict[str, Any]) -> dict[str, Any]:
    """Return the user with the types of its elements in another spelling."""
    phones = [
        {**phone, "type": phone.get("type", "other").title()}
        for phone in user.get("phoneNumbers", [])
    ]
    return {**user, "phoneNumbers": phones} if phones else user


patch_users = st.fixed_dictionaries(
    {"userName": texts},
    optional={
        "externalId": texts,
        "displayName": texts,
        "title": texts,
        "active": booleans,
        "name": names,
        "emails": mails,
        "phoneNumbers": phones,
        "addresses": addresses,
        "extension": extensions,
    },
).map(_user)
users = patch_users | patch_users.map(_with_spellings)


def _respelt(value: Any, spell: Callable[[str], str]) -> Any:
    """Return the value with every attribute name in it changed by `spell`."""
    if isinstance(value, dict):
        return {spell(name): _respelt(part, spell) for name, part in value.items()}
    return [_respelt(part, spell) for part in value] if isinstance(value, list) else value


bodies = st.builds(
    lambda user, spell: {**_respelt(user, spell), "schemas": user["schemas"]},
    patch_users,
    st.sampled_from((str, str.upper, str.lower, str.title)),
)

# Without the names that only this implementation knows: the extension's without URN, under Entra's misspelt one, and
# with a dot after the URN.
paths = st.builds(
    lambda name, spell: spell(name),
    st.sampled_from(
        [
            name
            for name, target in USER.names.items()
            if target.attribute
            and bool(target.extension) == (ENTERPRISE_URN.lower() in name)
            and ":user." not in name
        ]
    ),
    st.sampled_from((str, str.upper, str.title)),
)

TEXT_ATTRIBUTES = (
    "userName",
    "externalId",
    "displayName",
    "TITLE",
    "name.givenName",
    "name.familyName",
    f"{USER_URN}:name.formatted",
    "emails",
    "emails.value",
    "emails.type",
    "phoneNumbers.value",
    "phoneNumbers.display",
    "addresses.locality",
    f"{ENTERPRISE_URN}:department",
    f"{ENTERPRISE_URN}:manager.value",
)
BOOLEAN_ATTRIBUTES = ("active", "emails.primary", "phoneNumbers.primary")
PARTS = ("value", "type", "display")


def quoted(text: str) -> str:
    """Return the text as a string literal of a filter."""
    return orjson.dumps(text).decode()


def _text_terms(attributes: tuple[str, ...]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "Co"))
    values = st.sampled_from((*TEXTS, *MAILS, *TYPES))
    return st.builds(
        lambda a, op, v: f"{a} {op} {quoted(v)}", st.sampled_from(attributes), operators, values
    )


def _boolean_terms(attributes: tuple[str, ...]) -> st.SearchStrategy[str]:
    parts = (
        st.sampled_from(attributes),
        st.sampled_from(("eq", "ne")),
        st.sampled_from(("true", "false")),
    )
    return st.builds(lambda a, op, v: f"{a} {op} {v}", *parts)


def _presence(attributes: tuple[str, ...]) -> st.SearchStrategy[str]:
    suffix = st.sampled_from(("pr", "eq null", "ne null"))
    return st.builds(lambda a, s: f"{a} {s}", st.sampled_from(attributes), suffix)


def _logical(terms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        joined = st.builds(
            lambda a, word, b: f"{a} {word} {b}",
            inner,
            st.sampled_from(("and", "or", "AND")),
            inner,
        )
        return joined | inner.map(lambda f: f"not ({f})") | inner.map(lambda f: f"({f})")

    return st.recursive(terms, extend, max_leaves=5)


_inner = _logical(_text_terms(PARTS) | _boolean_terms(("primary",)) | _presence(PARTS))
_plural = st.sampled_from(("emails", "phoneNumbers"))
value_paths = st.builds(lambda a, f: f"{a}[{f}]", _plural, _inner)
_entra = st.builds(
    lambda a, t, op, v: f"{a}[type eq {quoted(t)}].value {op} {quoted(v)}",
    _plural,
    st.sampled_from(TYPES),
    st.sampled_from(("eq", "ne", "co")),
    st.sampled_from((*TEXTS, *MAILS)),
)
filters = _logical(
    _text_terms(TEXT_ATTRIBUTES)
    | _boolean_terms(BOOLEAN_ATTRIBUTES)
    | _presence((*TEXT_ATTRIBUTES, "name", "active", f"{ENTERPRISE_URN}:manager"))
    | value_paths
    | _entra
)


def _operation(
    path: str | None, value: st.SearchStrategy[Any], removable: bool = True
) -> st.SearchStrategy[Any]:
    """Return PATCH operations on this path; with `path` None, `value` is an object of
    attributes.
    """
    where = {} if path is None else {"path": st.just(path)}
    write = st.fixed_dictionaries(
        {"op": st.sampled_from(("add", "replace", "Replace", "Add")), **where, "value": value}
    )
    if not removable or path is None:
        return write
    return write | st.fixed_dictionaries(
        {"op": st.sampled_from(("remove", "Remove")), "path": st.just(path)}
    )


def _selected(path: str, kinds: str, value: st.SearchStrategy[str]) -> list[st.SearchStrategy[Any]]:
    """Return PATCH operations on the elements that have one type."""
    by_type = [f'{path}[type eq "{kind}"]' for kind in ("work", "home")]
    ends = [_operation(f"{p}.{kinds}", value) for p in by_type]
    whole = [_operation(p, _element(value).map(_without_type)) for p in by_type]
    return [
        *ends,
        *whole,
        _operation(f"{by_type[0]}.display", texts),
        _operation(f"{path}.display", texts),
    ]


def _without_type(element: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in element.items() if name != "type"}


_named = st.fixed_dictionaries(
    {},
    optional={
        "displayName": texts,
        "TITLE": texts,
        "name.givenName": texts,
        "name": names,
        "active": booleans,
        "emails": mails,
        "unknown": texts,
        ENTERPRISE_URN: extensions.filter(bool),
        f"{ENTERPRISE_URN}:department": texts,
    },
).filter(bool)

operations = st.one_of(
    _operation("userName", texts, removable=False),
    _operation("displayName", texts),
    _operation("Title", texts),
    _operation("active", booleans),
    _operation("name", names),
    _operation("name.givenName", texts),
    _operation(f"{USER_URN}:name.familyName", texts),
    _operation("emails", mails),
    _operation("phoneNumbers", phones),
    _operation("addresses", addresses),
    *_selected("emails", "value", st.sampled_from(MAILS)),
    *_selected("phoneNumbers", "value", texts),
    _operation('emails[type eq "work"].primary', booleans),
    _operation('phoneNumbers[display co "a"].value', texts),
    _operation('addresses[type eq "work"].country', texts),
    _operation(f"{ENTERPRISE_URN}:department", texts),
    _operation(f"{ENTERPRISE_URN}:manager", managers),
    _operation(f"{ENTERPRISE_URN}:manager.value", texts),
    _operation(ENTERPRISE_URN, extensions.filter(bool)),
    _operation("nothing.known", texts),
    _operation(None, _named),
)
patches = st.lists(operations, min_size=1, max_size=4)
