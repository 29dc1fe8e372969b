"""Search by company: if the search text contains the name of a directory, the people of that directory are found.

`brightwater` finds everyone at Brightwater, `brightwater anna` everyone called Anna there. People whose own names match
the whole text come first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contacts import filtered_listing, listing, name_search
from contacts.condition import Condition
from contacts.index_scan import Found, Page
from contacts.name_query import NameQuery
from directories.models import Directory
from shared.app import App
from shared.words import words_of

_MIN_LETTERS = 3  # of a word that begins a directory's name; fewer would name too many
# Cursors of the two parts of a result: people by the whole query, then people of the company.
_BY_NAME, _OF_COMPANY = "n.", "c."


@dataclass(frozen=True, slots=True)
class Company:
    """The directories that a search text names, and the rest of the text."""

    directories: Sequence[Directory]
    rest: str

    def has(self, one: Found) -> bool:
        """Return whether the search finds this person because of the company's name."""
        if one.directory.id not in {own.id for own in self.directories}:
            return False
        return not self.rest or NameQuery.of(self.rest).matches(one.card)


def company_of(directories: Sequence[Directory], text: str) -> Company | None:
    """Return the directories with the names that match the most words of the search text; None if no name matches.

    A single directory is meant only by its whole name: there, a word of it is more likely the beginning of a person's
    name, because the agent has no company to choose.
    """
    tokens = text.split()
    if not tokens or (len(directories) == 1 and not _has_whole_name(tokens, directories[0])):
        return None
    named: list[Directory] = []
    fewest = tokens
    for directory in directories:
        own = words_of(directory.name)
        rest = [token for token in tokens if not _is_of(own, token)]
        if len(rest) < len(fewest):
            named, fewest = [], rest
        if len(rest) == len(fewest) < len(tokens):
            named.append(directory)
    return Company(named, " ".join(fewest)) if named else None


def _has_whole_name(tokens: Sequence[str], directory: Directory) -> bool:
    typed = {word for token in tokens for word in words_of(token)}
    return typed.issuperset(words_of(directory.name))


def _is_of(name: Sequence[str], token: str) -> bool:
    """Return whether each word in `token` matches a word of a directory's name.

    A word in `token` matches an equal word and, if it has at least `_MIN_LETTERS` letters, every
    word that starts with it. `token` has several words if it contains a hyphen, for example.
    """
    parts = words_of(token)
    return bool(parts) and all(
        any(word == part or (len(part) >= _MIN_LETTERS and word.startswith(part)) for word in name)
        for part in parts
    )


async def search(
    app: App,
    directories: Sequence[Directory],
    text: str,
    limit: int,
    cursor: str = "",
    condition: Condition | None = None,
) -> Page | None:
    """Return the people who match the whole text, then the people of the company that it names.

    Only people who meet the `condition`, such as being free, are returned.

    Return None if the text names no company, or if the first page would be empty.

    Raises:
        HttpError: 400 for a cursor of another query.
    """
    company, query = company_of(directories, text), NameQuery.of(text)
    if company is None:
        return None
    found, rest = list[Found](), cursor.removeprefix(_BY_NAME)
    if not cursor.startswith(_OF_COMPANY):
        page = await name_search.search_exactly(app, directories, query, limit, rest, condition)
        if page.cursor or len(page.found) >= limit:
            return Page(page.found, f"{_BY_NAME}{page.cursor}" if page.cursor else _OF_COMPANY)
        found = page.found
    rest = cursor.removeprefix(_OF_COMPANY)
    page = await _of_company(app, company, limit - len(found), rest, condition)
    found += [one for one in page.found if not query.matches(one.card)]
    if not (found or page.cursor or cursor):
        page = await _similar_of_company(app, company, limit, condition)
        found = list(page.found)
    if not (found or page.cursor or cursor):
        return None
    return Page(found, f"{_OF_COMPANY}{page.cursor}" if page.cursor else "")


async def _similar_of_company(
    app: App, company: Company, limit: int, condition: Condition | None
) -> Page:
    """Return the people of the company with a name similar to the rest of the text (`brightwater arnolt`)."""
    if not company.rest:
        return Page([])
    query = NameQuery.of(company.rest)
    return await name_search.search(app, company.directories, query, limit, "", condition)


async def _of_company(
    app: App, company: Company, limit: int, cursor: str, condition: Condition | None
) -> Page:
    directories = company.directories
    if not company.rest:
        if condition is None:
            return await listing.list_contacts(app, directories, limit, cursor)
        return await filtered_listing.list_meeting(app, directories, limit, cursor, condition)
    query = NameQuery.of(company.rest)
    return await name_search.search_exactly(app, directories, query, limit, cursor, condition)
