"""Searches people by name in three stages: exactly, with a typing error, and by sound.

People who are only similar are marked as such. The exact search takes one round trip per directory if it finds five
people. Otherwise at most three more follow: the rest of the exact search, then ranges that contain similar people
(`contacts.similarity`). The cards in these ranges are then compared with the query.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from contacts import index_scan
from contacts.condition import Condition
from contacts.cursors import Cursor, bad_cursor, decode_cursor, encode_cursor
from contacts.first_rules import with_first_rules
from contacts.index_scan import EncodedRow, Found, Page, Range, Selection, walk
from contacts.name_query import Matcher, NameQuery
from contacts.similarity import (
    MIN_MISTYPED,
    Plan,
    Similarities,
    Similarity,
    comparable_words,
    ranges_of_one,
    ranges_of_two,
    with_group,
)
from directories.models import Directory
from presence.service import known_ids
from scim import resource_rows
from scim.users.contact_cards import RULES, Card, EncodedCard
from scim.users.search_terms import find_terms, sound_terms
from shared import keys
from shared.app import App
from shared.concurrency import TimeSlice, each
from shared.tables.port import MAX_QUERY_ROWS
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import FIND, MAIL, SOUND
from shared.words import collapse, fold_case, search_key

MIN_EXACT = 5  # people found exactly; then no search for similar people follows
MAX_SIMILAR = 20  # people on a page
_CONSONANT = 0.9  # the least distance of two words with different consonants: two are swapped
_MUCH_FURTHER = 1.2  # than the nearest person: a typing error more
_ROUND_TRIPS = 4  # of a directory for one page
_MAX_SIMILAR_TRIPS = 300  # of all directories for one page
_LEAST_ROWS, _MOST_ROWS = (
    16,
    8000,
)  # of a directory, of all, that one range of similar people is read to
_LEAST_BEGUN, _MOST_BEGUN = 3, 6  # letters of a mistyped word that are taken for right
_ENDING = 4  # letters of a word that may be wrong
_SELECTIVE = 5  # letters with which so few words begin that all their rows are read
_STEP = 16  # rows between two looks at the clock
_AHEAD = 2  # rows read for each person wanted: some words lead to the same person


async def search(
    app: App,
    directories: Sequence[Directory],
    query: NameQuery,
    limit: int,
    cursor: str = "",
    condition: Condition | None = None,
) -> Page:
    """Return the next matches; on the first page, also similar people if fewer than `MIN_EXACT` people match.

    If the query is for free people, similar people are never added: an agent could take them for matches and not notice
    that none of the matches is free. Raise HttpError 400 for a cursor of another query.
    """
    exact = _Exact(app, directories, query, limit, condition)
    await exact.read(decode_cursor(cursor) if cursor else None)
    found = await _ranked(app, exact.found, query)
    is_enough = len(found) >= MIN_EXACT or len(found) >= limit
    if cursor or is_enough or (condition is not None and condition.wanted):
        return Page(found, exact.cursor)
    similar = _Similar(app, directories, query, condition, exact)
    await similar.read()
    found = await _ranked(app, [*exact.found, *similar.matches], query)
    more = await similar.nearest(min(MAX_SIMILAR, limit - len(found)))
    return Page([*found, *more], similar.cursor)


async def search_exactly(
    app: App,
    directories: Sequence[Directory],
    query: NameQuery,
    limit: int,
    cursor: str,
    condition: Condition | None = None,
) -> Page:
    """Return the next matches, without similar people; with a `condition`, only those who meet it.

    Raises:
        HttpError: 400 for a cursor of another query.
    """
    exact = _Exact(app, directories, query, limit, condition)
    await exact.read(decode_cursor(cursor) if cursor else None)
    return Page(await _ranked(app, exact.found, query), exact.cursor)


class _Exact:
    """The exact search for one page: collects the matches, the rejected rows, and the next cursor."""

    def __init__(
        self,
        app: App,
        directories: Sequence[Directory],
        query: NameQuery,
        limit: int,
        condition: Condition | None,
    ) -> None:
        self._app, self._directories, self._query, self._limit = app, directories, query, limit
        self._condition = condition
        self._ranges = self._planned()
        old = query.first_rules()
        is_covered = any(old.startswith(one.beginning) for one in self._ranges)
        self._old = None if is_covered else Range(FIND, old)
        if self._old:
            self._ranges.append(self._old)
        self._matcher = Matcher(query)
        self.found: list[Found] = []
        self.rejected: list[EncodedRow] = []
        self.cursor = ""
        self.shown: tuple[str, ...] = ()
        self.round_trips = 0

    def _planned(self) -> list[Range]:
        """Return the ranges to read, the most selective one first."""
        query, wide = self._query, Range(FIND, self._query.wide())
        if query.addresses:
            # A user name other than an address of the person has a find row.
            return [Range(MAIL, wide.beginning), wide]
        found, likely = [wide], query.likely()
        # Many directories are small, and an empty one is remembered only for a whole range.
        if likely and len(self._directories) <= index_scan.MANY_DIRECTORIES:
            found = [replace(wide, start=likely), replace(wide, stop=likely)]
        if alone := query.alone():
            found.append(Range(FIND, alone))
        return found

    async def read(self, cursor: Cursor | None) -> None:
        """Read the ranges one after the other until there are enough people for the page."""
        ranges = self._ranges_from(cursor)
        enough = min(MIN_EXACT, self._limit)
        for number, where in enumerate(ranges):
            start = cursor.position if cursor and not number else ""
            is_rest = where.stop != "" and not self.found and self._condition is None
            if is_rest and cursor is None:
                page = await self._walk_rest(where)
            else:
                page = await self._walk(where, start, is_first=cursor is None)
            # A person has a row per number, so the first digits of numbers lead to some people twice.
            self.found = list({_identity(one): one for one in (*self.found, *page.found)}.values())
            self.round_trips += page.round_trips
            if page.cursor:
                position = decode_cursor(page.cursor)
                self.cursor = encode_cursor(replace(position, shown=self.shown))
                return
            if not where.start:  # the rest of such a range follows
                self.shown = (*self.shown, replace(where, stop="").name)
            if len(self.found) >= enough and number + 1 < len(ranges):
                following = ranges[number + 1]
                self.cursor = encode_cursor(Cursor(following.name, shown=self.shown))
                return

    def _ranges_from(self, cursor: Cursor | None) -> list[Range]:
        if cursor is None:
            return self._ranges
        names = [one.name for one in self._ranges]
        if cursor.where not in names:
            raise bad_cursor()
        self.shown = cursor.shown
        return self._ranges[names.index(cursor.where) :]

    async def _walk(self, where: Range, position: str, *, is_first: bool) -> Page:
        limit = self._limit - len(self.found)
        directories = self._directories
        if where is self._old:
            directories = await with_first_rules(self._app, directories)
            if not directories:
                return Page([])
        is_wide = len(self._query.words) > 1
        cursor = encode_cursor(Cursor(where.name, position)) if position else ""
        left = _ROUND_TRIPS - self.round_trips
        selection = Selection(
            keep=partial(self._keep, where),
            # Most rows of one word lack the others: as many are read as one round trip can bring.
            ahead=MAX_QUERY_ROWS if is_wide or self._condition is not None else _AHEAD,
            enough=max(1, MIN_EXACT - len(self.found)),
            round_trips=1 if is_first and is_wide and self._condition is None else max(1, left),
            rejected=self.rejected if is_first else None,
            may_keep=self._may_keep,
        )
        return await walk(self._app, directories, where, limit, cursor, selection)

    async def _walk_rest(self, where: Range) -> Page:
        """Read the rest of a range if its first part had no people, and return the people found there.

        If there are no matches, the word may be mistyped. If it is mistyped near its end, its beginning is right. So
        the same round trip also reads other rows with this beginning; they are appended to `rejected` and considered
        by the search for similar people.
        """
        word, stop = where.beginning, keys.escape(where.stop)
        begun = word[: max(_LEAST_BEGUN, min(_MOST_BEGUN, len(word) - _ENDING))]
        is_selective = len(begun) >= _SELECTIVE
        around = replace(where, beginning=begun, start="" if is_selective else word, stop="")
        start = keys.escape(word)

        def keep(directory: Directory, term: str, card: Card) -> bool:
            return start <= term < stop and self._keep(where, directory, term, card)

        selection = Selection(
            keep=keep,
            ahead=MAX_QUERY_ROWS,
            round_trips=1,
            rejected=self.rejected,
            may_keep=self._may_keep,
        )
        limit = self._limit - len(self.found)
        page = await walk(self._app, self._directories, around, limit, "", selection)
        if not page.cursor:
            return page
        position = decode_cursor(page.cursor).position
        term = position.rpartition(keys.SEPARATOR)[0]
        if term >= stop:
            return replace(page, cursor="")
        if term >= start:
            return replace(page, cursor=encode_cursor(Cursor(where.name, position)))
        self.round_trips += page.round_trips  # too many rows before the range
        return await self._walk(where, "", is_first=True)

    def _may_keep(self, directory: Directory, value: bytes) -> bool:
        """Return False if the encoded value proves that the person doesn't match.

        It is also False for the rows of addresses that exist only for SCIM filters.
        """
        if value == resource_rows.NOTHING:
            return False
        if self._condition is not None and not self._condition.may_meet(directory, value):
            return False
        return self._matcher.matches(EncodedCard(value))

    def _keep(self, where: Range, directory: Directory, term: str, card: Card) -> bool:
        """Return whether the person of a row is to be shown, and at this row.

        A person may have several rows, but is shown only once: at the first row of the earliest range that contains
        one.
        """
        if self._condition is not None and not self._condition.meets(directory, card):
            return False
        if card.rules < RULES:
            own = card.words_of_first_rules()
        else:
            own = find_terms(card)
            if self.shown and _stands_in(card, own, self.shown):
                return False
        if where.family is MAIL:
            return True
        terms = [keys.escape(one) for one in own if one.startswith(where.beginning)]
        if bound := where.start or where.stop:
            # The range from `likely` on is read before the one up to it.
            after = [one for one in terms if one >= keys.escape(bound)]
            terms = after if where.start or after else terms
        return not terms or term == min(terms)


def _stands_in(card: Card, terms: Sequence[str], ranges: Sequence[str]) -> bool:
    """Return whether any of the person's rows is in one of the ranges."""
    own = [f"{FIND.name}{keys.SEPARATOR}{term}" for term in terms]
    own += [f"{SOUND.name}{keys.SEPARATOR}{term}" for term in sound_terms(card)]
    own.append(f"{MAIL.name}{keys.SEPARATOR}{fold_case(card.mail)}")
    return any(term.startswith(where) for where in ranges for term in own)


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


class _Similar:
    """The search for people with names that resemble the query, for the first page."""

    def __init__(
        self,
        app: App,
        directories: Sequence[Directory],
        query: NameQuery,
        condition: Condition | None,
        exact: _Exact,
    ) -> None:
        self._app, self._directories, self._query = app, directories, query
        self._condition = condition
        self._exact = exact
        self._similarities, self._matcher = Similarities(query), Matcher(query)
        self._known = {_identity(one) for one in exact.found}
        self._similar = dict[tuple[str, str], tuple[_Row, Similarity]]()
        self.matches: list[Found] = []
        self.cursor = exact.cursor

    async def read(self) -> None:
        """Read the ranges concurrently, and choose similar people from their rows.

        Choose them also from the rows that the exact search rejected.
        """
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
        external_ids = dict[str, dict[str, str]]()
        for row, _ in self._similar.values():
            external_ids.setdefault(row.directory.id, {})[row.identifier] = row.person.external_id
        present = await _with_presence(self._app, external_ids)

        def rank(one: tuple[_Row, Similarity]) -> tuple[object, ...]:
            row, similarity = one
            return (
                round(similarity.cost, 2),
                (row.directory.id, row.identifier) not in present,
                search_key(row.person.names.shown),
                row.identifier,
            )

        people = sorted(self._similar.values(), key=rank)[:most]
        furthest = people[0][1].cost + _MUCH_FURTHER if people else 0.0
        return [
            row.found(similarity)
            for at, (row, similarity) in enumerate(people)
            if at < MIN_EXACT or similarity.cost <= furthest
        ]

    async def _ranges(self) -> AsyncIterator[_Read]:
        """Read ranges that may contain similar people, within the remaining round trips, and yield them one by one."""
        left = _ROUND_TRIPS - self._exact.round_trips
        left = min(left, max(1, _MAX_SIMILAR_TRIPS // max(1, len(self._directories))))
        words, joined = comparable_words(self._query), self._query.joined()
        if not (words or joined) or left < 1:
            return
        plan = self._plan(words) if words else Plan([])
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

    def _plan(self, words: Sequence[str]) -> Plan:
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
            known = {_identity(one) for one in (*self._exact.found, *self.matches)}
        for number, row in enumerate(rows):
            identity = row.directory.id, row.identifier
            if identity not in known and row.value != resource_rows.NOTHING:
                known.add(identity)
                person = _Row(row.directory, row.identifier, EncodedCard(row.value))
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


def _identity(one: Found) -> tuple[str, str]:
    return one.directory.id, one.card.id


async def _ranked(app: App, found: Sequence[Found], query: NameQuery) -> list[Found]:
    """Sort the matches: matches by name first, then whole words, then people with presence, then alphabetically."""
    external_ids = dict[str, dict[str, str]]()
    for one in found:
        external_ids.setdefault(one.directory.id, {})[one.card.id] = one.card.external_id
    present = await _with_presence(app, external_ids)

    def rank(one: Found) -> tuple[object, ...]:
        has_presence = _identity(one) in present
        return (
            *query.closeness(one.card),
            not has_presence,
            search_key(one.card.name),
            one.card.id,
        )

    return sorted(found, key=rank)


async def _with_presence(
    app: App, external_ids: Mapping[str, Mapping[str, str]]
) -> frozenset[tuple[str, str]]:
    """Return (directory id, user id) of the people whose status is known.

    `external_ids` has the people's external IDs by directory id and user id. No extra round trip, because the page
    needs these statuses anyway.
    """

    async def present(item: tuple[str, Mapping[str, str]]) -> list[tuple[str, str]]:
        directory_id, own = item
        known = await known_ids(app, directory_id, filter(None, own.values()))
        return [(directory_id, identifier) for identifier, one in own.items() if one in known]

    found_present = await each(external_ids.items(), present)
    return frozenset(place for own in found_present for place in own)
