r"""Row keys, and families of rows with keys of one kind.

A key has parts joined by `|`, escaped so that any Unicode text is a legal key on every engine.
Azure Tables forbids `/ \ # ?` and control characters in keys and limits them to 1 KiB of UTF-16
(learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model); `%` and
`'` break some clients. `~` starts an escape and `|` separates the parts, so both are escaped inside
a part.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SEPARATOR = "|"
MAX_KEY_CHARACTERS = 512  # 1 KiB of UTF-16
_MAX_PART_CHARACTERS = 200
_MAX_TERM_CHARACTERS = 120  # leaves room for the family and an ID within _MAX_PART_CHARACTERS
_SHORTENED = 150
# A shortened part keeps at least so many characters, because it is cut at most 8 characters before _SHORTENED.
_MAX_BEGINNING = 140
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f/\\\\#?%'|~\ud800-\udfff\ufdd0-\ufdef\ufffd-\uffff\U00010000-\U0010ffff]"
)
_UNSAFE_BUT_DIVIDING = re.compile(_UNSAFE.pattern.replace("|", ""))
_FORBIDDEN = re.compile(_UNSAFE.pattern.replace("|~", ""))
_ESCAPE = re.compile("~([0-9A-F]{2}|u[0-9A-F]{6})")
# Sorts after every character that a key may contain: every key of a family sorts below family + MAX_KEY_CHAR.
MAX_KEY_CHAR = "\ufffd"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"~{code:02X}" if code < 0x100 else f"~u{code:06X}"


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1].removeprefix("u"), 16))


def escape(part: str) -> str:
    """Return `part` with every unsafe character escaped, and shortened if it is too long for a key.

    Characters outside the basic plane are escaped too, because only they sort differently in Azure
    (by UTF-16 units) and in SQLite (by code points). A shortened part keeps its beginning, for
    prefix search, and ends in a digest of the whole, so that two long parts with the same beginning
    have different keys.
    """
    escaped = _UNSAFE.sub(_escape, part)
    if len(escaped) <= _MAX_PART_CHARACTERS:
        return escaped
    digest = hashlib.sha256(part.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{_cut(escaped, _SHORTENED)}~-{digest}"


def _cut(escaped: str, length: int) -> str:
    """Return the first `length` characters, or fewer so that no escape is cut in two."""
    cut = escaped[:length]
    tail = cut.rfind("~", max(0, length - 8))
    return cut[:tail] if tail >= 0 and not _ESCAPE.match(cut, tail) else cut


def unescape(part: str) -> str:
    """Return the text that `escape` encoded; of a shortened part, its beginning and the digest."""
    return _ESCAPE.sub(_unescape, part)


def key(*parts: str) -> str:
    """Return the row key that consists of `parts`."""
    plain = SEPARATOR.join(parts)
    # The whole is checked once, not each part, because nearly every key needs no escape.
    if (
        len(plain) <= _MAX_PART_CHARACTERS
        and plain.count(SEPARATOR) < len(parts)
        and not _UNSAFE_BUT_DIVIDING.search(plain)
    ):
        return plain
    return SEPARATOR.join([escape(part) for part in parts])


def keys_of(family: str, terms: Sequence[str], identifier: str) -> list[str]:
    """Return `key(family, term, identifier)` for each term.

    It is faster than `key` per term, because all terms are checked for unsafe characters together.
    """
    together = "".join(terms)
    if (
        SEPARATOR in together
        or _UNSAFE_BUT_DIVIDING.search(together)
        or max(map(len, terms), default=0) > _MAX_TERM_CHARACTERS
    ):
        return [key(family, term, identifier) for term in terms]
    start, end = f"{family}{SEPARATOR}", f"{SEPARATOR}{identifier}"
    return [f"{start}{term}{end}" for term in terms]


def is_key(text: str) -> bool:
    """Return whether `text` can be a row key; used to check a page's position, for which a client may send any text."""
    return len(text) <= MAX_KEY_CHARACTERS and not _FORBIDDEN.search(text)


def split(row_key: str) -> list[str]:
    """Return the unescaped parts of a row key that `key` returned."""
    return [unescape(part) for part in row_key.split(SEPARATOR)]


def prefix_range(*parts: str) -> tuple[str, str]:
    """Return the bounds (start inclusive, stop exclusive) of the keys that begin with `parts`.

    All parts but the last must be equal; the last of `parts` need only be the beginning of that
    part of the key. `prefix_range("find", "mü")` covers every word that starts with `mü`;
    `prefix_range("user", id, "")` covers the rows below that user.
    """
    *whole, beginning = parts
    start = SEPARATOR.join(
        [*map(escape, whole), _cut(_UNSAFE.sub(_escape, beginning), _MAX_BEGINNING)]
    )
    return start, start + MAX_KEY_CHAR


def successor(row_key: str) -> str:
    """Return a key after `row_key` and before all legal keys that follow it, to start the next page's range."""
    return row_key + " "


Range = tuple[str, str]  # start (inclusive) and stop (exclusive) of row keys
# How an existing row is written. `kept`: it is read first, and fields of a later release are kept. `whole`: the value
# is replaced, because it is derived or a single fact. `never`: rows are only inserted and deleted.
Rewritten = Literal["kept", "whole", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family of rows: the table, the kind of key and the kind of value.

    Attributes:
        name: The beginning of the key; "" if the key is only its parts.
        partition: A fixed partition key, or the description of one in braces.
        parts: The descriptions of the key's parts after the name.
        value: The description of a row's value.
        codec: The module that encodes and decodes the values.
        writers: The modules that write such rows; if empty, only the codec does.
        growth: How many rows there are.
    """

    name: str
    table: str
    partition: str
    parts: tuple[str, ...] = ()
    value: str
    rewritten: Rewritten
    codec: str
    writers: tuple[str, ...] = ()
    growth: str

    def all(self) -> Range:
        """Return the range of all keys that begin with the family's name."""
        start = f"{self.name}{SEPARATOR}" if self.name else ""
        return start, start + MAX_KEY_CHAR

    def beginning(self, text: str) -> Range:
        """Return the range of the keys with a first part that begins with `text`."""
        start, stop = prefix_range(self.name, text)
        return start, stop

    def parts_of(self, row_key: str) -> list[str]:
        """Return the unescaped parts of a key of this family, without the family's name."""
        return split(row_key)[1 if self.name else 0 :]

    def has(self, row_key: str) -> bool:
        """Return whether a key has the form of this family's keys; its table and partition must be the family's."""
        first, *rest = row_key.split(SEPARATOR)
        return (first == self.name and len(rest) == len(self.parts)) if self.name else not rest


class SingleRow(Family):
    """A family with one row per partition."""

    @property
    def key(self) -> str:
        """The key of the row."""
        return self.name


class OnePart(Family):
    """A family of rows with keys of one part."""

    def key(self, part: str) -> str:
        """Return the key of the row with this part."""
        return key(self.name, part) if self.name else part


class TwoParts(Family):
    """A family of rows with keys of two parts; in most families the second is an ID."""

    def key(self, first: str, second: str) -> str:
        """Return the key of the row with these parts."""
        return key(self.name, first, second)

    def keys(self, firsts: Sequence[str], second: str) -> list[str]:
        """Return the keys with each of `firsts` as the first part, and the same second part."""
        return keys_of(self.name, firsts, second)

    def under(self, first: str) -> Range:
        """Return the range of the keys with exactly this first part."""
        start = key(self.name, first, "")
        return start, start + MAX_KEY_CHAR

    def second_of(self, row_key: str) -> str:
        """Return the second part of a key of this family; it must be an ID, because it isn't unescaped."""
        return row_key.rpartition(SEPARATOR)[2]


class ThreeParts(Family):
    """A family of rows with keys of three parts: an ID, a fixed word and another ID."""

    def key(self, first: str, third: str) -> str:
        """Return the key of the row with these IDs."""
        return key(self.name, first, self.word, third)

    @property
    def word(self) -> str:
        """The fixed word, which the description of the second part has in backquotes."""
        return self.parts[1].split("`")[1]


class Log(Family):
    """A family of rows in the order of time. Keys have a ULID and, if there are any, the row's counters."""

    def key(self, ulid: str, counts: str) -> str:
        """Return the key of a row; `counts` are its encoded counters, "" if it has none."""
        start = f"{self.name}{SEPARATOR}{ulid}"
        return f"{start}{SEPARATOR}{counts}" if counts else start

    def from_time(self, ulid: str) -> str:
        """Return the start of the range of rows from the time of `ulid` on; `ulid` must have no randomness."""
        return f"{self.name}{SEPARATOR}{ulid}"

    def has(self, row_key: str) -> bool:
        """Return whether a key has the form of this family's keys."""
        first, *rest = row_key.split(SEPARATOR)
        return first == self.name and len(rest) in (1, 2)
