"""Identifiers sort by their time of creation."""

import uuid

from shared.ids import new_id, new_ulid, ulid
from tests.clock import FixedClock


def test_an_id_is_a_uuid_of_version_7(clock: FixedClock) -> None:
    """RFC 9562 section 5.7: version 7, variant 10."""
    made = uuid.UUID(new_id(clock))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_later_ids_sort_after_earlier_ones(clock: FixedClock) -> None:
    """A client that pages in key order must not receive a new person before its position."""
    earlier = new_id(clock)
    clock.advance(0.001)
    assert earlier < new_id(clock)


def test_ids_of_one_moment_differ(clock: FixedClock) -> None:
    """Two users may be created in one millisecond."""
    assert len({new_id(clock) for _ in range(1000)}) == 1000


def test_a_ulid_without_randomness_bounds_its_millisecond(clock: FixedClock) -> None:
    """Ranges of events start at the lowest ULID of a millisecond."""
    lowest = ulid(int(clock.now().timestamp() * 1000))
    assert lowest <= new_ulid(clock)
    clock.advance(-0.001)
    assert new_ulid(clock) < lowest
