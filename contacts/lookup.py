"""Whose number is it: call history and incoming calls, up to a hundred numbers in one request."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contacts.walk import CONTACTS
from directories.directory import Directory
from scim.users.cards import Card, decode
from shared import keys
from shared.each import each
from shared.numbers import MIN_DIGITS, MIN_SUFFIX, Query, query_forms
from shared.services import Services

MAX_NUMBERS = 100
_MOST = 200  # people who share the end of a number


@dataclass(frozen=True, slots=True)
class Match:
    """A person who has the number. `exact`: it is the same number; `possible`: one is the end of the other."""

    directory: Directory
    card: Card
    kind: Literal["exact", "possible"]


async def lookup_numbers(
    services: Services, directories: Sequence[Directory], texts: Sequence[str]
) -> list[list[Match]]:
    """All matches of each number in all the directories, exact ones first; a round trip a number and directory."""
    asked = list(dict.fromkeys(texts))
    pairs = [(text, directory) for text in asked for directory in directories]
    found = await each(pairs, lambda pair: in_directory(services, pair[1], pair[0]))
    matches: dict[str, list[Match]] = {text: [] for text in asked}
    for (text, _), own in zip(pairs, found, strict=True):
        matches[text] += own
    return [sorted(matches[text], key=lambda match: match.kind != "exact") for text in texts]


async def in_directory(services: Services, directory: Directory, text: str) -> list[Match]:
    """The matches in one directory, whose region says how a national number is meant."""
    query = query_forms(text, directory.region)
    digits = query.number.digits
    if len(digits) < MIN_DIGITS:
        return []
    if len(digits) < MIN_SUFFIX:  # an internal extension: the end of a longer number says nothing
        return await _rows(services, directory, query, keys.key("num", digits[::-1], ""))
    own = await _rows(services, directory, query, keys.prefix_range("num", digits[::-1][:MIN_SUFFIX])[0])
    if len(own) >= _MOST and not any(match.kind == "exact" for match in own):
        own = await _rows(services, directory, query, keys.key("num", digits[::-1], "")) + own
    return own


async def _rows(services: Services, directory: Directory, query: Query, start: str) -> list[Match]:
    rows = await services.tables.query(CONTACTS, directory.id, start, start + keys.LAST, limit=_MOST)
    found = list[tuple[int, Match]]()
    for row in rows:
        _, backwards, identifier = keys.split(row.key)
        card, digits = decode(identifier, row.value), backwards[::-1]
        if query.is_exact(digits):
            found.append((_extension_rank(query, card), Match(directory, card, "exact")))
        elif query.is_possible(digits):
            found.append((3, Match(directory, card, "possible")))
    # Another extension of the same line is somebody else, possibly a colleague who takes the calls.
    ranked = [(rank, Match(m.directory, m.card, "possible") if rank == 2 else m) for rank, m in found]
    once: dict[str, Match] = {}
    for _, match in sorted(ranked, key=lambda pair: (pair[0], keys.fold(pair[1].card.name), pair[1].card.id)):
        once.setdefault(match.card.id, match)
    return list(once.values())


def _extension_rank(query: Query, card: Card) -> int:
    """0: the extension asked for, or none asked; 1: the line itself; 2: another extension."""
    asked = query.number.extension
    if not asked or card.extension == asked:
        return 0
    return 2 if card.extension else 1
