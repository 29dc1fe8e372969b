"""Search, filter, sort and page a list of directories, for the page and for the API."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from directories.errors import InvalidField
from directories.models import Kind
from directories.overview import STATES, Overview, State
from shared.messages import Message
from shared.words import folded

Sort = Literal["attention", "name", "people", "lastCall", "created"]
_RANKS = {state: rank for rank, state in enumerate(("deleted", *STATES))}

# A sort key. No two directories have the same one, so a cursor is the key of a page's last directory.
_Key = tuple[Any, ...]


def _attention(one: Overview) -> _Key:
    return (one.severity != "bad", _RANKS[one.state], *_name(one))


def _name(one: Overview) -> _Key:
    return (folded(one.name), one.id)


SORTS: dict[Sort, Callable[[Overview], _Key]] = {
    "attention": lambda one: (one.state != "deleted", *_attention(one)),
    "name": _name,
    "people": lambda one: (-one.people, *_name(one)),
    # The directory without a request for the longest time first; those that never had one come last.
    "lastCall": lambda one: (not one.last_call, one.last_call, *_name(one)),
    "created": lambda one: (one.created, one.id),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which directories to show, and in which order; an empty search or filter matches all."""

    q: str = ""
    state: State | Literal[""] = ""
    kind: Kind | Literal[""] = ""
    sort: Sort = "created"

    @property
    def any(self) -> bool:
        """Whether there is a search or a filter."""
        return bool(self.q or self.state or self.kind)

    def of(self, found: Iterable[Overview]) -> list[Overview]:
        """Return the matching directories, sorted.

        Each word of the search must be a part of the name, or the beginning of the ID.
        """
        words = folded(self.q).split()
        chosen = [one for one in found if self._has(one, words)]
        return sorted(chosen, key=SORTS[self.sort])

    def _has(self, one: Overview, words: Sequence[str]) -> bool:
        if self.state and one.state != self.state:
            return False
        if self.kind and one.kind != self.kind:
            return False
        name = folded(one.name)
        return all(word in name or one.id.lower().startswith(word) for word in words)

    def after(self, chosen: Sequence[Overview], cursor: str) -> list[Overview]:
        """Return the directories of `chosen` that come after the one that the cursor describes; all without a cursor.

        Raises:
            InvalidField: The cursor is malformed or belongs to another order.
        """
        if not cursor:
            return list(chosen)
        last = _decode_cursor(cursor, self.sort)
        key = SORTS[self.sort]
        try:
            return [one for one in chosen if key(one) > last]
        except TypeError:
            raise _bad_cursor() from None

    def cursor_of(self, last: Overview) -> str:
        """Return the cursor for the page that begins after the directory `last`."""
        value = orjson.dumps([self.sort, *SORTS[self.sort](last)])
        return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _decode_cursor(text: str, sort: Sort) -> _Key:
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        name, *key = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise _bad_cursor() from None
    if name != sort:
        raise _bad_cursor()
    return tuple(key)


def _bad_cursor() -> InvalidField:
    return InvalidField("cursor", Message("cursor_not_valid"))
