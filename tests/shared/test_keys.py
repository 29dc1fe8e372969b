"""Row keys: which values have different keys, and which the same."""

from hypothesis import example, given
from hypothesis import strategies as st

from shared import keys

_ALL = st.characters(codec=None, categories=None)
_TEXT = st.text(_ALL, max_size=40)
_LONG = st.text(_ALL, min_size=100, max_size=400) | st.text(
    "|~\U0001f600a", min_size=130, max_size=260
)
_FORBIDDEN = set("/\\#?%'") | {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))}


@given(st.lists(_TEXT, min_size=1, max_size=4))
def test_parts_are_decoded_as_they_were_encoded(parts: list[str]) -> None:
    """Escaping is reversible for a part that isn't too long."""
    assert keys.split(keys.key(*parts)) == parts


@given(_TEXT | _LONG)
def test_a_key_has_no_character_that_the_table_service_forbids(text: str) -> None:
    """No slash, backslash, hash, question mark, control character or character beyond the basic
    plane; at most 1 KiB.
    """
    key = keys.key("find", text, "3f0e1c9a-0000-7000-8000-000000000000")
    assert not _FORBIDDEN & set(key)
    assert len(key.encode("utf-16-le")) <= 1024
    assert len(key.encode("utf-16-le")) == 2 * len(key)
    assert key.count(keys.SEPARATOR) == 2


@given(st.lists(_TEXT | _LONG, min_size=2, max_size=8, unique=True))
def test_different_parts_have_different_keys(parts: list[str]) -> None:
    """This applies also to a part that is too long to be stored whole."""
    assert len({keys.key("name", part) for part in parts}) == len(parts)


@given(_TEXT | _LONG, st.integers(0, 400), _TEXT)
@example("\ufffdword", 0, "id")
@example("word\uffff", 4, "id")
@example("a" * 142 + "\U0001f600" * 20, 143, "id")
@example("a" * 147 + "~" * 60, 148, "id")
def test_a_prefix_range_has_every_key_with_the_prefix(
    text: str, length: int, identifier: str
) -> None:
    """A prefix search misses no one, however strange or long the word is."""
    start, stop = keys.prefix_range("find", text[:length])
    assert start <= keys.key("find", text, identifier) < stop


@given(_TEXT, _TEXT)
def test_a_prefix_range_has_no_other_key(beginning: str, other: str) -> None:
    """Neither one of another family nor one with another prefix."""
    start, stop = keys.prefix_range("find", beginning)
    assert (start <= keys.key("find", other, "id") < stop) == other.startswith(beginning)
    assert not start <= keys.key("findx", beginning, "id") < stop
    assert not start <= keys.key("fin", beginning, "id") < stop


@given(_TEXT, _TEXT)
def test_no_key_is_between_a_key_and_its_successor(one: str, other: str) -> None:
    """A continued range neither repeats its last row nor skips the next."""
    last, candidate = keys.key("a", one), keys.key("a", other)
    assert (candidate >= keys.successor(last)) == (candidate > last)
