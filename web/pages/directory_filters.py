"""The filters and the pagination of the list of directories, as query parameters of its address."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast, get_args
from urllib.parse import urlencode

from directories.models import Kind
from directories.overview import STATES, Overview
from directories.selection import SORTS, Selection

PER_PAGE = 20
_MAX_QUERY = 100  # characters


@dataclass(frozen=True, slots=True)
class Filters:
    """Which directories to list in which order, and the page number, from 1."""

    selection: Selection
    page: int = 1

    @property
    def address(self) -> str:
        """The address of the list with these filters and this page."""
        chosen = self.selection
        fields = {
            "q": chosen.q,
            "state": chosen.state,
            "kind": chosen.kind,
            "sort": chosen.sort if chosen.sort != "attention" else "",
            "page": str(self.page) if self.page > 1 else "",
        }
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"/?{query}" if query else "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Page `number` of `pages` of the list, with the addresses of the previous and next page ("" for none).

    `count` is the number of directories on all pages.
    """

    shown: Sequence[Overview]
    count: int
    number: int
    pages: int
    previous: str = ""
    next: str = ""


def filters_of(query: dict[str, str]) -> Filters:
    """Parse the filters from the query parameters; ignore unknown values."""
    state, kind, sort = (query.get(name, "") for name in ("state", "kind", "sort"))
    number = query.get("page", "")
    selection = Selection(
        " ".join(query.get("q", "").split())[:_MAX_QUERY],
        state if state in STATES else "",
        cast(Kind, kind) if kind in get_args(Kind) else "",
        sort if sort in SORTS else "attention",
    )
    is_number = number.isascii() and number.isdecimal() and len(number) < 6
    return Filters(selection, max(1, int(number)) if is_number else 1)


def part_of(filters: Filters, chosen: Sequence[Overview]) -> Part:
    """Return the page with the number in the filters, or the last page if there are fewer."""
    pages = max(1, -(-len(chosen) // PER_PAGE))
    number = min(filters.page, pages)
    shown = chosen[(number - 1) * PER_PAGE : number * PER_PAGE]
    before = replace(filters, page=number - 1).address if number > 1 else ""
    after = replace(filters, page=number + 1).address if number < pages else ""
    return Part(
        shown=shown, count=len(chosen), number=number, pages=pages, previous=before, next=after
    )
