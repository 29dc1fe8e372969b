"""The cost of pages that are refreshed every few seconds."""

from directories.audit import operator_actor
from directories.events import Event, write
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from shared.app import App
from shared.clock import timestamp
from tests.clock import FixedClock
from tests.web.conftest import ACCOUNT, Visitor


async def test_the_list_reads_no_refusal_from_the_log(
    visit: Visitor, app: App, tables: CountingTables, clock: FixedClock
) -> None:
    """Keys give the number of refusals. The last refusal itself, which the list doesn't show, may
    be far back.
    """
    costs = []
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    for kind in ("user.changed", "request.refused"):
        event = Event(at=timestamp(clock.now()), kind=kind)
        await app.tables.transact("contacts", directory.id, [write(event, clock)])
        clock.advance(6 * 3600)
        await visit("GET", "/")
        await app.background.drain()
        clock.advance(11)
        with tables.measured() as calls:
            assert (await visit("GET", "/")).status == 200
        costs.append(len(calls))
    assert costs[0] == costs[1]
