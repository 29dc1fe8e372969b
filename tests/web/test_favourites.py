"""An agent's favourites: the browser names them, the page reads them."""

from shared.services import Services
from shared.tables.counting import CountingTables
from tests.contacts.people import Company
from tests.web.conftest import ACCOUNT, Visitor


async def test_favourites_cost_a_round_trip_each(visit: Visitor, services: Services, tables: CountingTables) -> None:
    """Whatever groups they are in: a list shows none."""
    from directories.service import NewDirectory, create

    directory, _ = await create(services, ACCOUNT, NewDirectory("Contoso"))
    company = Company(services, directory)
    people = [await company.hire(name) for name in ("Anna", "Ben", "Carla")]
    for number in range(5):
        await company.group(f"Group {number}", *people)
    await company.hire("Gone", active=False)
    ids = ",".join([f"{directory.id}.{person}" for person in people] + [f"{directory.id}.nobody", "elsewhere.x"])
    await visit("GET", f"/contacts/list?favourites=1&ids={ids}")
    services.clock.advance(0.1)  # type: ignore[attr-defined]
    with tables.measured() as calls:
        page = await visit("GET", f"/contacts/list?favourites=1&ids={ids}")
    assert [name in page.body for name in (b"Anna", b"Ben", b"Carla", b"Gone")] == [True, True, True, False]
    assert calls.count(("get", "contacts")) == 4
