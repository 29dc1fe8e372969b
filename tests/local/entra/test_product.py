"""The simulator provisions into the product over HTTP without finding a fault."""

from collections.abc import AsyncIterator
from dataclasses import replace

import azure.functions as func
import pytest

from directories import store
from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.check import check
from local.counting_tables import CountingTables
from local.entra import Dialect, Options, measure, run
from local.host.running import running
from scim import endpoints
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings
from tests.hosts import functions_of


@pytest.fixture
def app(tables: CountingTables) -> App:
    """Return an App with empty tables and a running clock, because the directory's rate limit needs the
    time to pass.
    """
    return App(Settings.read({}), SystemClock(), tables)


@pytest.fixture
async def product(app: App) -> AsyncIterator[Options]:
    """Yield the options of a job into an empty directory of the running product."""
    functions = functions_of(app, endpoints)
    directory, token = await create(app, operator_actor("account"), NewDirectory("Contoso"))
    async with running(functions) as host:
        yield Options(
            f"{host.url}/scim/{directory.id}/v2",
            token,
            people=60,
            connections=4,
            groups=2,
            patience=10,
        )
    await app.background.drain()


@pytest.mark.parametrize("dialect", ["default", "flag"])
async def test_every_cycle_runs_without_an_error(
    product: Options, app: App, dialect: Dialect
) -> None:
    """All cycles of a company run twice without an error, and `check` finds no fault in the rows."""
    options = replace(product, dialect=dialect)
    for _ in range(2):
        summary = await run(options)
        assert summary.quarantined is None
        assert summary.errors == []
    directory = await store.get(app.tables, options.base.split("/")[-2])
    assert directory is not None
    findings = await check(app, directory)
    assert findings.faults == []
    assert findings.users == 61, (
        "one joined, one left and came back, those with lost answers are purged"
    )


@pytest.mark.clause("entra/discovery", "7644/3.4.2.4-walk")
async def test_discovery_over_two_instances_finds_everyone_while_people_change(
    product: Options, app: App
) -> None:
    """Account Discovery finds every user although people change and each page comes from the other of two
    instances (RFC 7644 section 3.4.2.4).

    The instances share only the tables. A page has 20 people.
    """
    other = App(Settings.read({}), SystemClock(), app.tables)
    functions = func.FunctionApp()
    functions.register_functions(endpoints.blueprint(other))
    async with running(functions) as second:
        base = f"{second.url}/scim/{product.base.split('/')[-2]}/v2"
        options = replace(product, instances=(base,), page_size=20)
        summary = await run(options)
        assert summary.errors == []
        assert summary.done["assigned users"] == 62
        assert summary.operations["discover page"].count >= 4
    await other.background.drain()


async def test_discovery_reports_local_accounts(product: Options, app: App) -> None:
    """Account Discovery reports users of the target that match no user of Entra as local accounts."""
    await run(replace(product, cycles=("initial",)))
    await run(replace(product, cycles=("initial",), people=2, seed=7))
    summary = await run(replace(product, cycles=("discover",), page_size=7))
    assert summary.errors == []
    assert summary.done["local accounts"] == 2
    assert summary.done["assigned users"] == 60


async def test_matching_by_external_id_runs_without_an_error(product: Options) -> None:
    """Matching by externalId works, to which the product's mapping table maps objectId."""
    summary = await run(replace(product, matching="externalId"))
    assert summary.errors == []


async def test_the_measurement_runs_without_an_error(product: Options) -> None:
    """Every operation is measured without an error, and the directory is empty afterwards."""
    summary = await measure(product)
    assert summary.quarantined is None
    assert summary.errors == []
