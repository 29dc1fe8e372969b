"""Starts-with search over all words of names, title, department, addresses, and numbers however they are typed."""

import unicodedata
from collections.abc import Sequence

from contacts import listing
from contacts.index_scan import Found, Page, Range, RawRowFilter, RowFilter, Selection, walk
from contacts.number_search import find_by_number
from directories.models import Directory
from scim.users.contact_cards import Card, words_of
from scim.users.index_rows import MAX_WORDS
from shared import keys
from shared.app import App
from shared.keys import search_key
from shared.numbers.text import digits_of
from shared.numbers.typed import is_number
from shared.tables.schema import FIND

_AHEAD = 2  # rows read for each person wanted: some words lead to the same person
_AHEAD_OF_MANY = 8  # where most rows of one word lack the others


async def find(
    app: App,
    directories: Sequence[Directory],
    text: str,
    group: str,
    limit: int,
    cursor: str = "",
) -> Page:
    """The next people, listed or (with a `text`) searched; `group`: of that group of the only directory."""
    if not group:
        if not text:
            return await listing.list_contacts(app, directories, limit, cursor)
        return await search(app, directories, text, limit, cursor)
    (directory,) = directories
    if not text:
        return await listing.list_members(app, directory, group, limit, cursor)
    only = await listing.member_ids(app, directory, group)
    return await search(app, directories, text, limit, cursor, only)


async def search(
    app: App,
    directories: Sequence[Directory],
    text: str,
    limit: int,
    cursor: str = "",
    only: frozenset[str] | None = None,
) -> Page:
    """The people of the directories with a word beginning with each word of `text`; one round trip a directory.

    `only`: ids of the members of a group. Within a page, people whose name was meant come first. A number is looked up
    as a whole, and where nobody has it by its beginning and its end; its answer is one page.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if is_number(text):
        return Page(_chosen(await find_by_number(app, directories, text, limit), only, limit))
    words = query_words(text)
    if not words:
        return Page([])
    most_telling = max(words, key=lambda word: (not word.isdigit(), len(word)))
    where = Range(FIND, most_telling)
    ahead = _AHEAD if len(words) == 1 and only is None else _AHEAD_OF_MANY
    keep, may_keep = _matching(words, most_telling, only), _possible(words, most_telling)
    page = await walk(app, directories, where, limit, cursor, Selection(keep, may_keep, ahead))
    return Page(_ranked(page.found, words), page.cursor)


def query_words(text: str) -> list[str]:
    """The folded words to search by; what has an @ is an address and stays whole."""
    found = dict[str, None]()
    for token in text.split():
        found.update(
            dict.fromkeys([search_key(token)] if "@" in token.strip("@") else words_of(token))
        )
    return list(found)


def _matching(words: Sequence[str], queried: str, only: frozenset[str] | None) -> RowFilter:
    """Takes a person once, at the first of its words that begin with the queried one, if it has the other words too."""
    others = [word for word in words if word != queried]

    def keep(word: str, card: Card) -> bool:
        if only is not None and card.id not in only:
            return False
        own = card.words()
        if not all(_has(card, own, other) for other in others):
            return False
        indexed = [keys.escape(one) for one in own[:MAX_WORDS] if one.startswith(queried)]
        return not indexed or word == min(indexed)

    return keep


def _possible(words: Sequence[str], queried: str) -> RawRowFilter:
    """Rules out most rows of one word that lack the others, a fiftieth of the work of reading them.

    Only where a folded word stands in the row as it is: in ASCII, without apostrophes, which are folded away.
    """
    others = [
        word.encode() for word in words if word != queried and word.isascii() and word.isalpha()
    ]

    def may_keep(value: bytes) -> bool:
        if not others or not value.isascii() or b"'" in value or b"`" in value:
            return True
        lower = value.lower()
        return all(other in lower for other in others)

    return may_keep


def _has(card: Card, own: Sequence[str], word: str) -> bool:
    """Whether one of the person's `own` words begins with `word`, or the number has these digits."""
    return any(one.startswith(word) for one in own) or (
        word.isdigit() and word in digits_of(card.number)
    )


def _ranked(found: list[Found], words: Sequence[str]) -> list[Found]:
    """Names before titles, departments and addresses; then alphabetically."""

    def rank(one: Found) -> tuple[bool, str, str]:
        named = words_of(one.card.name)
        meant = any(own.startswith(word) for own in named for word in words)
        return not meant, search_key(one.card.name), one.card.id

    return sorted(found, key=rank)


def _chosen(found: list[Found], only: frozenset[str] | None, limit: int) -> list[Found]:
    """Each person once, in the order found."""
    once = {
        (one.directory.id, one.card.id): one
        for one in reversed(found)
        if only is None or one.card.id in only
    }
    return list(reversed(once.values()))[:limit]
