"""The steps of the wizard: a step is ticked when it is done, whichever page is open."""

import re

import pytest

from directories import credential_usage, service
from directories.audit import operator_actor
from directories.service import NewDirectory
from presence import tenant_links
from presence.tenant_links import DirectoryLink
from shared.app import App
from shared.clock import now_ms
from tests.web.conftest import ACCOUNT, Visitor

DIRECTORY = "brightwater"
TENANT = "00000000-0000-4000-8000-000000000009"
STEPS = ("setup", "connect", "presence")


async def _ticked(visit: Visitor, step: str) -> list[int]:
    """Return the numbers, from 1, of the ticked steps on the page of a step."""
    page = (await visit("GET", f"/directories/{DIRECTORY}/{step}")).body.decode()
    (steps,) = re.findall(r'<ol class="steps">(.*?)</ol>', page, re.DOTALL)
    items = steps.split("<li")[1:]
    assert len(items) == 3
    for item in items:
        assert ('class="done"' in item) == ("(done)" in item)
    return [at for at, item in enumerate(items, 1) if 'class="done"' in item]


async def _linked(app: App, **more: object) -> None:
    link = DirectoryLink(
        directory_id=DIRECTORY,
        tenant_id=TENANT,
        account=ACCOUNT,
        state="propagating",
        since=now_ms(app.clock),
        **more,  # type: ignore[arg-type]
    )
    await tenant_links.save_link(app.tables, link)


async def _saved(app: App) -> None:
    await service.set_up(app, operator_actor(ACCOUNT), DIRECTORY, setup="presence")


async def _called(app: App) -> None:
    credential_usage.served(app, DIRECTORY)
    await app.background.drain()


async def _off(app: App) -> None:
    await service.set_up(app, operator_actor(ACCOUNT), DIRECTORY, presence="off")


async def _wanted(app: App) -> None:
    await service.set_up(app, operator_actor(ACCOUNT), DIRECTORY, presence="on")


async def _finished(app: App) -> None:
    """Set the directory's set-up to "done", as a set-up link does that was finished without
    presence.
    """
    await service.set_up(app, operator_actor(ACCOUNT), DIRECTORY, setup="done")


async def _unconfirmed(app: App) -> None:
    await _linked(app, is_confirmed=False)


@pytest.mark.parametrize(
    ("acts", "ticked"),
    [
        ((), [1]),
        ((_saved,), [1, 2]),
        ((_called,), [1, 2]),
        ((_off,), [1, 3]),
        ((_wanted,), [1]),
        ((_saved, _wanted, _unconfirmed), [1, 2]),
        ((_saved, _wanted, _linked), [1, 2, 3]),
        ((_saved, _off), [1, 2, 3]),
        ((_finished,), [1, 2]),
    ],
    ids=lambda acts: "-".join(act.__name__ for act in acts) if isinstance(acts, tuple) else "",
)
async def test_a_step_is_ticked_when_it_is_done(
    app: App, visit: Visitor, acts: tuple[object, ...], ticked: list[int]
) -> None:
    """Opening a page ticks nothing; all three pages show the same."""
    await service.create(app, operator_actor(ACCOUNT), NewDirectory("Brightwater", id=DIRECTORY))
    for act in acts:
        await act(app)  # type: ignore[operator]
    assert [await _ticked(visit, step) for step in STEPS] == [ticked] * 3


async def test_no_step_is_ticked_before_a_directory_exists(visit: Visitor) -> None:
    """On the page that creates one."""
    page = (await visit("GET", "/directories/new?once=abc")).body.decode()
    assert '<ol class="steps">' in page
    assert 'class="done"' not in page


@pytest.mark.parametrize(
    ("finished", "words", "leads_to"),
    [(False, "Finish later", "/"), (True, "Close", f"/directories/{DIRECTORY}")],
)
async def test_each_step_has_a_link_that_leaves_the_wizard(
    app: App, visit: Visitor, finished: bool, words: str, leads_to: str
) -> None:
    """*Cancel* before the directory exists, later *Finish later* or *Close*; the form isn't
    sent.
    """
    page = (await visit("GET", "/directories/new?once=abc")).body.decode()
    assert 'href="/">Cancel</a>' in page
    await service.create(app, operator_actor(ACCOUNT), NewDirectory("Brightwater", id=DIRECTORY))
    if finished:
        await _finished(app)
    for step in STEPS:
        page = (await visit("GET", f"/directories/{DIRECTORY}/{step}")).body.decode()
        assert re.search(f'href="{leads_to}">{words}[^<]*</a>', page), step
