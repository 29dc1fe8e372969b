"""Whether a directory's kind can still be changed: while nothing has been provisioned or connected.

So a wrong choice in the wizard's first step can be corrected. Afterwards people and presence of one kind would be
shown with the instructions for the other.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from directories import store, totals
from directories.errors import KindFixed
from directories.models import Kind
from shared.app import App
from shared.messages import Message

# Returns why a feature above needs the directory with this ID to keep its kind, or None.
Reason = Callable[[App, str], Awaitable[Message | None]]


@dataclass(slots=True)
class KindReasons:
    """The reasons of features above, registered when their functions are built."""

    reasons: list[Reason] = field(default_factory=list)


async def why_fixed(app: App, directory_id: str) -> Message | None:
    """Return why the directory must keep its kind, or None if it can be changed."""
    found = await totals.read(app, directory_id)
    if found.users or found.groups:
        return Message("kind_fixed")
    for reason in app.state(KindReasons).reasons:
        if message := await reason(app, directory_id):
            return message
    return None


async def check(app: App, account: str, directory_id: str, kind: Kind) -> None:
    """Raise KindFixed if `kind` is another one and the directory must keep its own."""
    directory = await store.get(app.tables, directory_id)
    if directory is None or directory.account != account or directory.kind == kind:
        return
    if message := await why_fixed(app, directory_id):
        raise KindFixed(message)
