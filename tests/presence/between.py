"""Runs one operation between two storage calls of another, for races that chance would rarely
cause.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from shared.tables.port import Operation
from tests.presence.world import World

Then = Callable[[], Awaitable[Any]]


@contextmanager
def before_transaction(
    world: World, fits: Callable[[str, Sequence[Operation]], bool], then: Then
) -> Iterator[None]:
    """Run `then` just before the first transaction for which `fits(table, operations)` is true."""
    inner, original, is_due = world.tables._inner, world.tables._inner.transact, True

    async def transact(table: str, partition: str, operations: Sequence[Operation]) -> list[str]:
        nonlocal is_due
        if is_due and fits(table, operations):
            is_due = False
            await then()
        return await original(table, partition, operations)

    inner.transact = transact  # type: ignore[method-assign]
    try:
        yield
    finally:
        inner.transact = original  # type: ignore[method-assign]
    assert not is_due, "nothing fitted"


@contextmanager
def before_listing(world: World, then: Then) -> Iterator[None]:
    """Run `then` just before the keys of a tenant's presence are listed for deletion of old
    rows.
    """
    inner, original, is_due = world.tables._inner, world.tables._inner.query, True

    async def query(table: str, *arguments: Any, **options: Any) -> Any:
        nonlocal is_due
        if is_due and table == "presence" and options.get("keys_only"):
            is_due = False
            await then()
        return await original(table, *arguments, **options)

    inner.query = query  # type: ignore[method-assign]
    try:
        yield
    finally:
        inner.query = original  # type: ignore[method-assign]
    assert not is_due, "nothing was listed"


@contextmanager
def killed_at(world: World, number: int) -> Iterator[None]:
    """Raise Killed in place of the transaction with this number, counted from 1."""
    inner, original, count = world.tables._inner, world.tables._inner.transact, 0

    async def transact(table: str, partition: str, operations: Sequence[Operation]) -> list[str]:
        nonlocal count
        count += 1
        if count == number:
            raise Killed
        return await original(table, partition, operations)

    inner.transact = transact  # type: ignore[method-assign]
    try:
        yield
    finally:
        inner.transact = original  # type: ignore[method-assign]


class Killed(BaseException):
    """The worker's process was killed."""
