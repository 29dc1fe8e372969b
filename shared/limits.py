"""A cache of limited size, and token buckets that limit how often something may happen in an instance."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class LruCache(Generic[Key, Value]):
    """A mapping of at most `limit` entries; the least recently used one is evicted first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """Return the value of `key`, or None if it isn't in the cache."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Store `value`, and evict the least recently used entry if the cache is full."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Remove `key` if it is present."""
        self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(slots=True)
class Bucket:
    """A token bucket.

    Attributes:
        level: The tokens that may be spent; negative after more were spent than it had.
        at: The time at which it was last filled, in monotonic seconds.
    """

    level: float
    at: float

    def fill(self, now: float, rate: float, most: float) -> None:
        """Add `rate` tokens per second for the time since it was last filled, up to `most` tokens."""
        self.level = min(most, self.level + max(0.0, now - self.at) * rate)
        self.at = now

    def wait(self, wanted: float, rate: float) -> float:
        """Return the seconds until `wanted` tokens are available, 0 if they are now."""
        return max(0.0, (wanted - self.level) / rate)


class Buckets(LruCache[Key, Bucket]):
    """Token buckets by key, at most `limit`; the least recently used is evicted, and is full when it is used again."""

    def filled(self, key: Key, now: float, rate: float, most: float) -> Bucket:
        """Return the bucket of `key`, filled up to `now`; create a full one if there is none."""
        bucket = self.get(key)
        if bucket is None:
            bucket = Bucket(most, now)
            self.put(key, bucket)
        bucket.fill(now, rate, most)
        return bucket
