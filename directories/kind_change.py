"""Decide whether a directory's kind can still be changed: only until people are provisioned or presence is connected.

So a wrong choice in the wizard's first step can be corrected. Later, the directory's page would
show the instructions of one kind for people and presence of the other.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from directories import store, totals
from directories.errors import KindFixed
from directories.models import Kind
from shared.app import App
from shared.messages import Message

# Returns why the directory with the given ID must keep its kind, from the view of a feature above, or None.
Reason = Callable[[App, str], Awaitable[Message | None]]


@dataclass(slots=True)
class KindReasons:
    """Functions that return why a directory must keep its kind; features register them when the functions are built."""

    reasons: list[Reason] = field(default_factory=list)


async def why_fixed(app: App, directory_id: str) -> Message | None:
    """Return why the directory must keep its kind, or None if it may be changed."""
    found = await totals.read(app, directory_id)
    if found.users or found.groups:
        return Message("kind_fixed")
    for reason in app.state(KindReasons).reasons:
        if message := await reason(app, directory_id):
            return message
    return None


async def check(app: App, account: str, directory_id: str, kind: Kind) -> None:
    """Raise KindFixed if `kind` differs from the directory's kind and the directory must keep its own."""
    directory = await store.get(app.tables, directory_id)
    if directory is None or directory.account != account or directory.kind == kind:
        return
    if message := await why_fixed(app, directory_id):
        raise KindFixed(message)
