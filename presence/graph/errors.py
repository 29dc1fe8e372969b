"""The errors of a call to Graph."""

from dataclasses import dataclass


class GraphError(Exception):
    """Base class of all errors of a call to Graph."""


@dataclass(eq=False)
class Throttled(GraphError):
    """429: no call before `retry_after` seconds are over."""

    retry_after: float | None


@dataclass(eq=False)
class Unavailable(GraphError):
    """5xx, a broken connection, no answer in time, or an answer that can't be read."""

    reason: str
    retry_after: float | None = None


@dataclass(eq=False)
class Refused(GraphError):
    """401 or 403: the token or its role is not accepted, a matter of consent."""

    status: int


@dataclass(eq=False)
class BadRequest(GraphError):
    """400 or 404: an ID in the request isn't accepted; Graph doesn't name it."""

    status: int
