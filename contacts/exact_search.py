"""The first stage of a search by name: people who have every word of the query, or a word that begins with it.

It takes one round trip per directory if it finds five people. It also collects the rows that it rejects, because the
search for similar people (`contacts.similar_search`) considers them.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from contacts import index_scan
from contacts.condition import Condition
from contacts.cursors import Cursor, bad_cursor, decode_cursor, encode_cursor
from contacts.first_rules import with_first_rules
from contacts.index_scan import EncodedRow, Found, Page, Range, Selection, walk
from contacts.name_query import Matcher, NameQuery
from contacts.name_ranking import identity_of
from directories.models import Directory
from scim import resource_rows
from scim.users.contact_cards import RULES, Card, EncodedCard
from scim.users.search_terms import find_terms, sound_terms
from shared import keys
from shared.app import App
from shared.tables.port import MAX_QUERY_ROWS
from shared.tables.schema.contacts import FIND, MAIL, SOUND
from shared.words import fold_case

MIN_EXACT = 5  # people found exactly; then no search for similar people follows
ROUND_TRIPS = 4  # of a directory for one page of a search by name
_LEAST_BEGUN, _MOST_BEGUN = 3, 6  # letters of a mistyped word that are taken for right
_ENDING = 4  # letters of a word that may be wrong
_SELECTIVE = 5  # letters with which so few words begin that all their rows are read
_AHEAD = 2  # rows read for each person wanted: some words lead to the same person


class ExactSearch:
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
        self.matcher = Matcher(query)
        self.found: list[Found] = []
        self.rejected: list[EncodedRow] = []
        self.decoded: dict[bytes, EncodedCard] = {}  # those of rejected rows, by value
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
            self.found = list(
                {identity_of(one): one for one in (*self.found, *page.found)}.values()
            )
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
        left = ROUND_TRIPS - self.round_trips
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
        person = EncodedCard(value)
        if self.matcher.matches(person):
            return True
        self.decoded[value] = person
        return False

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
