r"""Row keys: parts joined by `|`, escaped so that any Unicode text is a legal key on every engine.

Azure Tables forbids `/ \ # ?` and control characters in keys and limits them to 1 KiB of UTF-16
(learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model); `%` and
`'` break some clients. `~` starts an escape and `|` separates the parts, so both are escaped inside
a part.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

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


# Longer texts are not cached, because they would fill the memory.
_KEPT_CHARACTERS = 256


def fold_case(text: str) -> str:
    """Return `text` in the form that is compared for attributes with caseExact=false (RFC 7643 section 2.2).

    The results of canonically equivalent texts (NFC, Unicode Standard Annex 15) are equal, whatever
    their length.
    """
    if text.isascii():
        return text.lower()
    if len(text) <= _KEPT_CHARACTERS:
        return _fold_case_cached(text)
    return _composed(_composed(text).casefold())


def _composed(text: str) -> str:
    """Return the NFC of a text of any length, in linear time.

    `unicodedata` needs a million steps to sort a thousand combining characters in a row (Annex 15,
    "Stream-Safe Text Format"), but not if they are sorted already. So this function sorts them
    first.
    """
    forms = {character: unicodedata.normalize("NFD", character) for character in set(text)}
    ordered, marks = list[str](), list[str]()
    for character in text:
        for part in forms[character]:
            if unicodedata.combining(part):
                marks.append(part)
                continue
            if marks:
                ordered += sorted(marks, key=unicodedata.combining)
                marks.clear()
            ordered.append(part)
    ordered += sorted(marks, key=unicodedata.combining)
    return unicodedata.normalize("NFC", "".join(ordered))


@lru_cache(maxsize=4096)
def _fold_case_cached(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


_PLAIN = {
    "ß": "ss",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ł": "l",
    "ı": "i",
    "ħ": "h",
}
_PLAIN_TABLE = str.maketrans(_PLAIN)


def search_key(text: str) -> str:
    """Return `text` in lower case without accents, so that searches for `muller` and `Müller` are equal."""
    if text.isascii():
        return text.lower()
    if len(text) <= _KEPT_CHARACTERS:
        return _search_key_cached(text)
    return "".join(
        [
            _search_key(text[at : at + _KEPT_CHARACTERS])
            for at in range(0, len(text), _KEPT_CHARACTERS)
        ]
    )


def _search_key(text: str) -> str:
    # Decompose before folding too: a mathematical capital must first become a plain one, which has a lower case.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join([c for c in decomposed if not unicodedata.combining(c)]).translate(_PLAIN_TABLE)


_search_key_cached = lru_cache(maxsize=16384)(_search_key)
