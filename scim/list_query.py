"""A query for resources of one type, its limits, and the source that a feature provides for its type."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scim.core.filter_ast import Equality
from scim.core.filters import Filter
from scim.core.projection import Projection
from scim.core.schemas import ResourceType
from scim.list_response import Item

DEFAULT_COUNT = 100
MAX_COUNT = 1000
CURSOR_TIMEOUT = 3600


class Source(Protocol):
    """A source of resources of one type."""

    @property
    def resource_type(self) -> ResourceType:
        """Return the type of the resources."""
        ...

    @property
    def directory_id(self) -> str:
        """Return the id of the directory that has the resources."""
        ...

    async def page(self, after: str, count: int) -> tuple[list[Item], bool]:
        """Return at most `count` resources after the key `after`, and whether there are more.

        Fewer are returned, but at least one, if they are very large.
        """
        ...

    async def read(self, ids: Sequence[str]) -> list[Item]:
        """Return the resources with these ids, in the order of `ids`; skip ids that don't exist."""
        ...

    async def key_of(self, number: int) -> str | None:
        """Return the key of the resource at this position, counted from 1, or None if there are fewer resources."""
        ...

    async def total(self) -> int:
        """Return how many resources there are."""
        ...

    async def lookup(self, equalities: Sequence[Equality]) -> list[str] | None:
        """Return the ids that match one of the equalities for which there is an index, or None if there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """A client's query; `cursor` is None for paging by index, "" for the first page of paging by cursor."""

    projection: Projection
    filter: Filter | None = None
    start_index: int = 1
    count: int = DEFAULT_COUNT
    cursor: str | None = None
    sort_by: str = ""
    descending: bool = False
