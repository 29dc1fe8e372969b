"""The second and third stage of a search by name: people with names that resemble the query by spelling or by sound.

They take at most three round trips per directory. The ranges to read contain similar people (`contacts.similarity`), and
the cards in these ranges are then compared with the query.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from contacts import index_scan
from contacts.condition import Condition
from contacts.cursors import decode_cursor, encode_cursor
from contacts.exact_search import MIN_EXACT, ROUND_TRIPS, ExactSearch
from contacts.index_scan import EncodedRow, Found, Range
from contacts.name_query import NameQuery
from contacts.name_ranking import identity_of, with_presence
from contacts.similarity import (
    MIN_MISTYPED,
    Plan,
    Similarities,
    Similarity,
    comparable_words,
    ranges_of_one,
    ranges_of_two,
    ranges_of_unspaced,
    unspaced_name,
    with_group,
)
from directories.models import Directory
from scim import resource_rows
from scim.users.contact_cards import EncodedCard
from shared import keys
from shared.app import App
from shared.concurrency import TimeSlice, each
from shared.tables.port import MAX_QUERY_ROWS
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import FIND
from shared.words import collapse, search_key

MAX_SIMILAR = 20  # people on a page
_CONSONANT = 0.9  # the least distance of two words with different consonants: two are swapped
_MUCH_FURTHER = 1.2  # than the nearest person: a typing error more
_MAX_SIMILAR_TRIPS = 300  # of all directories for one page
_LEAST_ROWS = 16  # of a directory that a range of similar people is read to
_MOST_ROWS = 8000  # of all directories that such a range is read to
_STEP = 16  # rows between two looks at the clock


@dataclass(slots=True)
class _Row:
    """A person of a row, decoded as far as a search compares people."""

    directory: Directory
    identifier: str
    person: EncodedCard

    def found(self, similarity: Similarity | None = None) -> Found:
        """Return the person, with the words that the name only resembles."""
        card = self.person.card(self.identifier)
        if similarity is None:
            return Found(directory=self.directory, card=card)
        return Found(
            directory=self.directory,
            card=card,
            similar_to=" ".join(similarity.words),
            similar_by=similarity.by,
        )


@dataclass(slots=True)
class _Read:
    """The rows read from a range; `is_complete` if the range was read to its end in every directory."""

    where: Range
    rows: list[EncodedRow]
    is_complete: bool
    is_joined: bool = False  # two words of the query are one word in its terms


class SimilarSearch:
    """The search for people with names that resemble the query, for the first page."""

    def __init__(
        self,
        app: App,
        directories: Sequence[Directory],
        query: NameQuery,
        condition: Condition | None,
        exact: ExactSearch,
    ) -> None:
        self._app, self._directories, self._query = app, directories, query
        self._condition = condition
        self._exact = exact
        self._similarities, self._matcher = Similarities(query), exact.matcher
        self._known = {identity_of(one) for one in exact.found}
        self._similar = dict[tuple[str, str], tuple[_Row, Similarity]]()
        self.matches: list[Found] = []
        self.cursor = exact.cursor

    async def read(self) -> None:
        """Read the ranges concurrently, and choose similar people from their rows.

        Choose them also from the rows that the exact search rejected. A name of three syllables resembles many other
        people's, so a name in a script without spaces is similar only if no one has it.
        """
        if self._exact.found and unspaced_name(self._query):
            return
        await self._consider(self._exact.rejected, may_add=False)
        shown = self._exact.shown
        async for own in self._ranges():
            count = len(self.matches)
            await self._consider(own.rows, own.is_joined, may_add=own.is_complete)
            if len(self.matches) > count:
                shown = (*shown, own.where.name)
        if self.cursor and shown != self._exact.shown:
            self.cursor = encode_cursor(replace(decode_cursor(self.cursor), shown=shown))

    async def nearest(self, most: int) -> list[Found]:
        """Return at most `most` similar people, most similar first.

        After the fifth, only those about as similar as the first are returned.
        """
        near = self._nearer_than_rest(most)
        external_ids = dict[str, dict[str, str]]()
        for row, _ in near:
            external_ids.setdefault(row.directory.id, {})[row.identifier] = row.person.external_id
        present = await with_presence(self._app, external_ids)

        def rank(one: tuple[_Row, Similarity]) -> tuple[object, ...]:
            row, similarity = one
            return (
                round(similarity.cost, 2),
                (row.directory.id, row.identifier) not in present,
                search_key(row.person.names.shown),
                row.identifier,
            )

        people = sorted(near, key=rank)[:most]
        furthest = people[0][1].cost + _MUCH_FURTHER if people else 0.0
        return [
            row.found(similarity)
            for at, (row, similarity) in enumerate(people)
            if at < MIN_EXACT or similarity.cost <= furthest
        ]

    def _nearer_than_rest(self, most: int) -> list[tuple[_Row, Similarity]]:
        """Return the similar people who are at least as near as the one at position `most`."""
        similar = list(self._similar.values())
        if len(similar) <= most or most < 1:
            return similar
        costs = sorted(round(similarity.cost, 2) for _, similarity in similar)
        return [one for one in similar if round(one[1].cost, 2) <= costs[most - 1]]

    async def _ranges(self) -> AsyncIterator[_Read]:
        """Read ranges that may contain similar people, within the remaining round trips, and yield them one by one."""
        left = ROUND_TRIPS - self._exact.round_trips
        left = min(left, max(1, _MAX_SIMILAR_TRIPS // max(1, len(self._directories))))
        joined = self._query.joined()
        plan = self._plan()
        if not (plan.ranges or joined) or left < 1:
            return
        ranges = plan.ranges[:left]
        scans = list(await asyncio.gather(*map(self._read, ranges)))
        for own in scans:
            yield own
        is_complete = all(one.is_complete for one in scans)
        following = plan.if_complete if is_complete else plan.if_truncated
        # The other choice finds people if both words are mistyped, which is not assumed of a short one.
        is_better = joined and is_complete and len(joined) - len(self._query.wide()) < MIN_MISTYPED
        if is_better and len(scans) < left:
            yield replace(await self._read(Range(FIND, joined)), is_joined=True)
        elif following and len(scans) < left and not (is_complete and self._has_enough()):
            yield await self._read(following)

    def _has_enough(self) -> bool:
        """Return whether a page of people is nearer than those of a further range, who differ in a consonant."""
        return (
            sum(similarity.cost <= _CONSONANT for _, similarity in self._similar.values())
            >= MAX_SIMILAR
        )

    def _plan(self) -> Plan:
        if name := unspaced_name(self._query):
            return ranges_of_unspaced(name)
        words = comparable_words(self._query)
        words = [one for one in words if len(one) > 1]  # an initial has no sound of its own
        if len(words) < 2:
            return self._plan_of_one(words[0]) if words else Plan([])
        wide = self._query.wide()
        searched = next((one for one in words if wide.endswith(one)), words[-1])
        other = words[0] if searched == words[-1] else words[-1]
        return ranges_of_two(
            searched,
            other,
            was_truncated=bool(self._exact.cursor),
            had_particle=wide != searched,
        )

    def _plan_of_one(self, word: str) -> Plan:
        plan, groups = ranges_of_one(word), self._query.groups
        is_joined = len(groups) == 1 < len(self._query.words) and plan.ranges
        return with_group(plan, collapse(groups[0])) if is_joined else plan

    async def _consider(
        self, rows: Sequence[EncodedRow], is_joined: bool = False, *, may_add: bool
    ) -> None:
        """Decide for the person of each row, unless it was done before: a match, a similar person, or neither.

        With `may_add`, matches are added to `matches`; otherwise they are left to a later page of the exact
        search. If `is_joined`, people who were not a match before are considered again.
        """
        time_slice, known = TimeSlice(self._app), self._known
        if is_joined:  # others were only compared with the words as they are divided
            known = {identity_of(one) for one in (*self._exact.found, *self.matches)}
        for number, row in enumerate(rows):
            identity = row.directory.id, row.identifier
            if identity not in known and row.value != resource_rows.NOTHING:
                known.add(identity)
                card = self._exact.decoded.get(row.value) or EncodedCard(row.value)
                person = _Row(row.directory, row.identifier, card)
                is_match = self._matcher.matches(person.person) if is_joined else False
                if (is_match and self._meets_condition(person)) or self._is_match(person):
                    # The exact search has not come to this person; the cursor passes over the whole range.
                    if may_add:
                        self.matches.append(person.found())
                        self._similar.pop(identity, None)
                    else:
                        known.remove(identity)
            if not number % _STEP:
                await time_slice.yield_when_over()

    def _is_match(self, row: _Row) -> bool:
        """Return whether a person matches the query; if the person is only similar, add it to the similar people."""
        similarity = self._similarities.of(row.person)
        if similarity is None:
            # The words may be divided otherwise than the name.
            is_match = len(self._query.words) > 1 and self._matcher.matches(row.person)
            return is_match and self._meets_condition(row)
        if not self._meets_condition(row):
            return False
        if similarity.words and not self._matcher.matches(row.person):
            self._similar[row.directory.id, row.identifier] = row, similarity
            return False
        return True

    def _meets_condition(self, row: _Row) -> bool:
        condition = self._condition
        return condition is None or condition.meets(row.directory, row.person.card(row.identifier))

    async def _read(self, where: Range) -> _Read:
        app = self._app
        asked = index_scan.without_known_empty(
            app, self._directories, where.family.name, where.beginning
        )
        start, stop = where.family.beginning(where.beginning)
        limit = max(_LEAST_ROWS, min(MAX_QUERY_ROWS, _MOST_ROWS // max(1, len(asked))))
        is_complete = True

        async def one(directory: Directory) -> list[EncodedRow]:
            nonlocal is_complete
            rows = await app.tables.query(CONTACTS, directory.id, start, stop, limit=limit)
            if not rows:
                index_scan.note_empty(app, directory, where.family.name, where.beginning)
            is_complete = is_complete and len(rows) < limit
            return [
                EncodedRow(directory, row.key.rpartition(keys.SEPARATOR)[2], row.value)
                for row in rows
            ]

        found = await each(asked, one)
        return _Read(where, [row for own in found for row in own], is_complete)
