"""A watch over transactions: no row that an administrator's act changes is written without the act's audit event."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import pytest

from directories import audit
from shared.tables.port import Delete, Operation, Tables
from shared.tables.schema import family_of
from shared.tables.schema.directories import AUDIT_OUTBOX, DIRECTORY, SETUP_LINK
from shared.tables.schema.presence import DIRECTORY_LINK

_ACTED_ON = (DIRECTORY, SETUP_LINK, DIRECTORY_LINK)
_Transact = Callable[[str, str, Sequence[Operation]], Awaitable[list[str]]]


@contextmanager
def watched(tables: Tables, patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yield the codes of the acts whose events were stored with a change of such a row.

    A change without an event in its transaction fails at once. Deletions of links that ended long ago aren't acts.
    """
    codes: list[str] = []
    transact: _Transact = tables.transact

    async def checked(table: str, partition: str, operations: Sequence[Operation]) -> list[str]:
        changed = {
            family.name
            for one in operations
            if not isinstance(one, Delete)
            and (family := family_of(table, partition, one.key)) in _ACTED_ON
        }
        events = [
            audit.decode(one.key, one.value).act.code
            for one in operations
            if not isinstance(one, Delete) and one.key.startswith(AUDIT_OUTBOX.all()[0])
        ]
        if changed and not events and not _is_progress(operations):
            raise AssertionError(f"{changed} changed in {partition} without an audit event")
        codes.extend(events if changed else [])
        return await transact(table, partition, operations)

    with patch.context() as patched:
        patched.setattr(type(tables), "transact", _bound(checked))
        yield codes


def _bound(function: _Transact) -> Any:
    async def method(_self: Any, *arguments: Any) -> list[str]:
        return await function(*arguments)

    return method


def _is_progress(operations: Sequence[Operation]) -> bool:
    """Return whether only the app's own check of a pending consent is noted."""
    (one,) = operations
    return not isinstance(one, Delete) and bool(orjson.loads(one.value).get("probes"))
