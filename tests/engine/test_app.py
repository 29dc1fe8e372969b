"""The local host treats the product as the platform's engine does."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import fields
from pathlib import Path

import orjson
import pytest

from directories import service as directories
from directories.audit import operator_actor
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from local.graph.simulator import CONTOSO
from local.host.host import Host
from local.host.hostfile import read_host_file
from local.host.loading import close_app, find_app, load_module, settings_in_environment
from local.host.routes import Router
from local.host.running import ROOT
from shared.settings import Settings
from shared.tables.open import open_tables
from tests.clock import FixedClock
from tests.local.graph.fixtures import RunningSimulator, graph_simulator, served_simulator
from tests.presence.world import ACCOUNT, DIRECTORY, World, settings_for

from .compare import outcomes, reproducible
from .engine import Engine, EngineError, Function
from .requests import REQUESTS

__all__ = ["graph_simulator", "served_simulator"]
APP = ROOT / "function_app.py"


def settings(folder: Path) -> dict[str, str]:
    return {"TABLES": f"sqlite:///{folder}/app.db", "WEBSITE_AUTH_ENABLED": "True"}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """Yield the product, loaded into the engine."""
    with settings_in_environment(settings(tmp_path)):
        found = await Engine.load(APP, {})
        yield found
        await close_app(found.module(APP))
        found.close()


async def test_local_host_answers_as_the_engine_does(tmp_path: Path) -> None:
    """For valid and invalid requests to every route, status, headers and body are equal byte for byte."""
    with reproducible() as source:
        source.seed(1)
        with settings_in_environment(settings(tmp_path / "engine")):
            engine = await Engine.load(APP, {})
            expected = await outcomes(engine, REQUESTS)
            await close_app(engine.module(APP))
            engine.close()
        source.seed(1)
        with settings_in_environment(environment := settings(tmp_path / "local")):
            module = load_module(APP, environment)
            host = Host(
                find_app(module),
                environment=environment,
                host_file=read_host_file(ROOT / "host.json"),
            )
            found = await outcomes(host.http, REQUESTS)
            await host.stop()
            await close_app(module)
    assert found == expected
    assert [
        outcome
        for outcome in found
        if outcome.status >= 500 and not outcome.request.endswith("/Me")
    ] == []


async def test_every_function_is_asked_by_some_request(engine: Engine) -> None:
    """Every HTTP function has a request in `requests.py`, so that both hosts are compared for each route."""
    functions = [
        function for function in engine.functions.values() if function.kind == "httpTrigger"
    ]
    router = Router(functions)
    paths = [
        (step.method, step.target.partition("?")[0].replace("<", "").replace(">", ""))
        for step in REQUESTS
    ]
    asked = {match[0].name for method, path in paths if (match := router.match(method, path))}
    assert {function.name for function in functions} - asked == set()


async def test_every_function_is_listed_with_its_route(engine: Engine) -> None:
    """docs/operations.md lists the functions that the engine indexed, so that a reader of a log
    line knows each.
    """
    called: dict[str, Callable[[Function], str]] = {
        "http": lambda each: "/" + each.template.text.strip("/"),
        "timer": lambda each: str(each.raw["schedule"]),
        "queue": lambda each: str(each.raw["queueName"]),
    }
    kinds = [(each, each.kind.removesuffix("Trigger")) for each in engine.functions.values()]
    rows = [f"| `{each.name}` | {kind} | `{called[kind](each)}` |" for each, kind in kinds]
    document = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    section = document.partition("<!-- functions -->")[2].partition("<!-- end -->")[0]
    assert sorted(section.strip().splitlines()[2:]) == sorted(rows)


async def test_templates_do_not_overlap(engine: Engine) -> None:
    """No two route templates match the same path, except the catch-all, which comes last: the host tries
    functions in the order of their names, without precedence.
    """
    functions = [
        function for function in engine.functions.values() if function.kind == "httpTrigger"
    ]
    exact = [f for f in functions if "{*" not in f.template.text]
    for function in exact:
        path = "/" + "/".join(
            "x" if "{" in part else part for part in function.template.text.strip("/").split("/")
        )
        found = [each.name for each in exact if Router([each]).match("GET", path)]
        assert found == [function.name], path
        assert (match := Router(functions).match("GET", path))
        assert match[0].name == function.name


def _tenants(messages: Sequence[str]) -> list[str]:
    """Return the tenants of the sync messages, without the message of the sweep.

    The sweep's message has no tenant; one is sent at the beginning of every ten minutes.
    """
    return [tenant for message in messages if (tenant := orjson.loads(message)["tenant_id"])]


async def test_timers_and_queues_run_in_the_engine(engine: Engine) -> None:
    """Without any directory, timers find no tenant that is due, and messages about unknown tenants,
    poisoned or not, end without an error.
    """
    kinds = {
        kind: [each.name for each in engine.functions.values() if each.kind == kind]
        for kind in _KINDS
    }
    assert all(kinds.values())
    for name in kinds["timerTrigger"]:
        sent = [message for messages in (await engine.timer(name)).values() for message in messages]
        assert _tenants(sent) == []
    for name in kinds["queueTrigger"]:
        assert (
            await engine.queue(name, '{"tenant_id":"11111111-1111-4111-8111-111111111111"}') == {}
        )


async def test_the_error_of_a_failed_job_names_no_person(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a timer or queue function fails, the exception that the platform logs has the error's type, but
    not its text.
    """

    async def broken(*_: object) -> None:
        raise ValueError("Zoë Müller, +44 20 7946 0018")

    monkeypatch.setattr("directories.maintenance.run", broken)
    with pytest.raises(EngineError, match=r"^JobFailed: ValueError$"):
        await engine.timer("maintenance_timer")


async def test_timer_and_queue_bring_presence_to_the_api(
    graph_simulator: RunningSimulator, tmp_path: Path
) -> None:
    """A tick sends a message per linked tenant, the queue function handles it unchanged, and the API then
    returns the presence that Graph has.
    """
    environment = settings(tmp_path) | {
        each.metadata["variable"]: str(value)
        for each in fields(Settings)
        if (value := getattr(settings_for(graph_simulator), each.name)) != each.default
    }
    tables = open_tables(Settings.read(environment))
    world = World(CountingTables(tables), FixedClock(), graph_simulator, Settings.read(environment))
    await directories.create(
        world.app, operator_actor(ACCOUNT), NewDirectory("Contoso", id=DIRECTORY)
    )
    people = await world.linked(3)
    world.set(people[0], "Away")
    with reproducible(), settings_in_environment(environment):
        engine = await Engine.load(APP, {})
        ((name, messages),) = (await engine.timer("presence_timer")).items()
        assert (name, _tenants(messages)) == ("messages", [CONTOSO])
        for message in messages:
            assert await engine.queue("presence_sync", message) == {}
        assert await engine.queue("presence_poison", messages[0], dequeue_count=6) == {}
        await close_app(engine.module(APP))
        engine.close()
    shown = await world.shown(people)
    await world.runtime.close()
    await tables.close()
    assert shown == world.truth(people)
    assert shown[people[0]] == "away"


_KINDS = ("timerTrigger", "queueTrigger")
