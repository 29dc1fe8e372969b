"""The App owns everything that an instance keeps in memory."""

from dataclasses import dataclass, field, replace

import pytest

from local.counting_tables import CountingTables
from shared.app import App
from shared.settings import Settings
from tests.clock import FixedClock


@dataclass
class _Seen:
    names: list[str] = field(default_factory=list)


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """Return an App with default settings."""
    return App(Settings(), clock, tables)


def test_an_app_keeps_one_state_of_each_kind(app: App) -> None:
    """All features of an App share the state of one class."""
    app.state(_Seen).names.append("Anna")
    assert app.state(_Seen).names == ["Anna"]


def test_a_state_that_needs_the_app_is_made_for_it(app: App) -> None:
    """A state's class method `made_for` takes the App, for example to read its clock."""

    @dataclass
    class Dated:
        clock: object

        @classmethod
        def made_for(cls, app: App) -> "Dated":
            return cls(app.clock)

    assert app.state(Dated).clock is app.clock
    assert app.state(Dated) is app.state(Dated)


def test_two_apps_over_the_same_tables_share_no_state(app: App) -> None:
    """State belongs to the App, not to the tables, so a new App starts empty."""
    other = replace(app)
    app.state(_Seen).names.append("Anna")
    assert other.state(_Seen).names == []
    assert other.background is not app.background


async def test_close_closes_the_clients_in_reverse_order_and_then_the_tables(
    clock: FixedClock,
) -> None:
    """A client may use one that was created before it, and both may use the tables."""
    closed: list[str] = []

    class Tables(CountingTables):
        async def close(self) -> None:
            closed.append("tables")

    app = App(Settings(), clock, Tables(None))  # type: ignore[arg-type]

    async def work() -> None:
        closed.append("task")

    async def first() -> None:
        closed.append("first")

    async def second() -> None:
        closed.append("second")

    app.on_close(first)
    app.on_close(second)
    app.background.start(work(), "work")
    await app.close()
    assert closed == ["task", "second", "first", "tables"]
