"""Attacks on a set-up link, over HTTP against the whole app. All of them fail."""

import asyncio
import logging
import re

import pytest

from directories.setup_links import LIFETIME
from shared.http import Response
from tests.setup.world import DIRECTORY, ORIGIN, Browser, Link, World, secret_in, sentence

UNKNOWN = "This link isn't valid"
BROWSER = "open in another browser"
ACTS = ("credential", "trust", "numbers", "consent", "finish")


async def _opened(world: World, link: Link, **more: str) -> Browser:
    browser = world.browser()
    assert (await browser.open(link.url, **more)).status == 303
    return browser


async def _refused_acts(browser: Browser, link: Link) -> list[str]:
    """Request the page and every action of a link, and return the texts of the refusals."""
    answers = [await browser.get(link.page)]
    answers += [await browser.post(f"{link.page}/{act}", {"sort": "token"}) for act in ACTS]
    for answer in answers:
        assert answer.status in (403, 429)
        assert secret_in(answer) == ""
        assert f"/scim/{DIRECTORY}" not in answer.body.decode()
    return [sentence(answer) for answer in answers]


def _changed(text: str) -> str:
    """Return the text with another last character."""
    return text[:-1] + ("A" if text[-1] != "A" else "B")


async def test_01_a_forged_code(world: World, link: Link) -> None:
    """The id exists but the secret is wrong: the response doesn't reveal that the link exists."""
    place = link.code.rpartition(".")[0]
    answer = await world.browser().open(f"{place}.{'A' * 43}")
    assert (answer.status, UNKNOWN in sentence(answer)) == (403, True)
    assert "set-cookie" not in answer.headers


async def test_02_a_truncated_code(world: World, link: Link) -> None:
    """A mail program truncated the link; the text asks to paste all of it."""
    for cut in (1, 10, 43, 44, 60):
        answer = await world.browser().open(link.url[:-cut])
        assert (answer.status, UNKNOWN in sentence(answer)) == (403, True)


async def test_03_a_changed_code(world: World, link: Link) -> None:
    """Every character counts: another last one, another case, an addition."""
    for code in (_changed(link.code), link.code + "A", link.code.upper(), link.code[::-1]):
        assert UNKNOWN in sentence(await world.browser().open(code))


async def test_04_another_directorys_id(world: World, link: Link) -> None:
    """The secret of a link is refused for another directory, whether or not that exists."""
    other = (await world.first.json("POST", "/api/directories", {"name": "Fabrikam"}))["id"]
    for directory in (other, "nowhere"):
        code = link.code.replace(DIRECTORY, directory, 1)
        assert UNKNOWN in sentence(await world.browser().open(code))
    browser = await _opened(world, link)
    name = next(iter(browser.cookies))
    browser.cookies[name] = browser.cookies[name].replace(DIRECTORY, other, 1)
    assert all(BROWSER in one for one in await _refused_acts(browser, link))


async def test_05_another_browser(world: World, link: Link) -> None:
    """The link was shared or intercepted: the second browser is refused, and the contact centre
    sees that.
    """
    await _opened(world, link)
    answer = await world.browser(address="198.51.100.9").open(link.url)
    assert (answer.status, "opened in another browser" in sentence(answer)) == (403, True)
    assert "set-cookie" not in answer.headers
    assert (await world.links())[0]["refusedElsewhere"]


async def test_06_the_page_without_the_cookie(world: World, link: Link) -> None:
    """The URL of the page isn't enough."""
    await _opened(world, link)
    assert all(BROWSER in one for one in await _refused_acts(world.browser(), link))


async def test_07_a_forged_cookie(world: World, link: Link) -> None:
    """With the right id and another secret, or malformed."""
    browser = await _opened(world, link)
    name = next(iter(browser.cookies))
    real = browser.cookies[name]
    for value in (_changed(real), real[:-1], "", "x", f"{DIRECTORY}.", f".{real}", "a" * 4000):
        browser.cookies[name] = value
        answer = await browser.get(link.page)
        assert (answer.status, BROWSER in sentence(answer)) == (403, True)
        browser.address = f"203.0.113.{len(value) % 200}"


async def test_08_the_cookie_of_another_link(world: World, link: Link) -> None:
    """A browser that opened one link has no access to the directory's other links."""
    other = await world.link()
    browser = await _opened(world, link)
    await _opened(world, other)
    value = next(iter(browser.cookies.values()))
    browser.cookies[f"__Host-set-up-{other.id}"] = value
    assert all(BROWSER in one for one in await _refused_acts(browser, other))


async def test_09_the_code_as_a_cookie(world: World, link: Link) -> None:
    """Someone who knows the link after it was opened can't derive the session's cookie from it."""
    await _opened(world, link)
    thief = world.browser()
    thief.cookies[f"__Host-set-up-{link.id}"] = f"{DIRECTORY}.{link.code.rpartition('.')[2]}"
    assert all(BROWSER in one for one in await _refused_acts(thief, link))


async def test_10_a_planted_cookie(world: World, link: Link) -> None:
    """Another host of the domain can set a cookie without `__Host-` (RFC 6265 section 8.6), so such
    a cookie is ignored.
    """
    browser = await _opened(world, link)
    value = next(iter(browser.cookies.values()))
    victim = world.browser()
    victim.cookies[f"set-up-{link.id}"] = value
    assert all(BROWSER in one for one in await _refused_acts(victim, link))


async def test_11_an_expired_link(world: World, link: Link) -> None:
    """After 72 hours it is refused, opened or not; one second before, it works."""
    other = await world.link()
    world.clock.advance(LIFETIME.total_seconds() - 1)
    browser = await _opened(world, link)
    world.clock.advance(1)
    answer = await world.browser().open(other.url)
    assert (answer.status, "expired" in sentence(answer)) == (403, True)
    assert all("expired" in one for one in await _refused_acts(browser, link))


async def test_12_a_revoked_link(world: World, link: Link) -> None:
    """It is refused at once, also in the browser that opened it and on every instance."""
    other = await world.link()
    browser = await _opened(world, link)
    for one in (link, other):
        path = f"/api/directories/{DIRECTORY}/links/{one.id}"
        assert (await world.first.call("DELETE", path)).status == 204
    browser.deployed = world.second
    assert all("revoked" in one for one in await _refused_acts(browser, link))
    answer = await world.browser(second=True).open(other.url)
    assert (answer.status, "revoked" in sentence(answer)) == (403, True)


async def test_13_a_finished_link_replayed(world: World, link: Link) -> None:
    """Another browser gets the text that the link is finished, and nothing else."""
    browser = await _opened(world, link)
    await browser.post(f"{link.page}/finish")
    answer = await world.browser().open(link.url)
    assert (answer.status, "finished" in sentence(answer)) == (403, True)


async def test_14_a_deleted_directory(world: World, link: Link) -> None:
    """The response is that of an unknown link."""
    browser = await _opened(world, link)
    assert (await world.first.call("DELETE", f"/api/directories/{DIRECTORY}")).status == 202
    assert all(BROWSER in one for one in await _refused_acts(browser, link))
    assert UNKNOWN in sentence(await world.browser().open(link.url))


@pytest.mark.parametrize(
    "sent",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "null", "sec_fetch_site": "cross-site"},
        {"origin": ORIGIN, "sec_fetch_site": "cross-site"},
        {"origin": ORIGIN, "sec_fetch_site": "same-site"},
        {},
    ],
)
async def test_15_another_sites_form(world: World, link: Link, sent: dict[str, str]) -> None:
    """CSRF: neither Start with the attacker's link nor an action in the administrator's browser."""
    browser = await _opened(world, link)
    for path in ("/set-up", *(f"{link.page}/{act}" for act in ACTS)):
        answer = await browser.send("POST", path, b"sort=token&code=" + link.code.encode(), **sent)
        assert answer.status == 403, path
    assert (await world.links())[0]["credential"] is None


async def test_16_codes_are_guessed_in_parallel(world: World, link: Link) -> None:
    """Ten attempts per client address are checked, even of a hundred at once; then 429 with
    Retry-After.
    """
    guesser = world.browser(address="198.51.100.1")
    with world.tables.measured() as calls:
        answers: list[Response] = await asyncio.gather(
            *(guesser.open(f"{link.code[:-3]}{number:03d}") for number in range(100))
        )
    statuses = [answer.status for answer in answers]
    assert (statuses.count(403), statuses.count(429)) == (10, 90)
    assert len(calls) == 20
    limited = answers[statuses.index(429)]
    assert int(limited.headers["retry-after"]) > 0
    assert "Wait" in sentence(limited)
    assert (await world.browser(address="198.51.100.2").open(link.url)).status == 303


async def test_17_cookies_are_guessed_in_parallel(world: World, link: Link) -> None:
    """The same limit applies to cookies; the administrator's own browser isn't affected."""
    browser = await _opened(world, link)
    thieves = [world.browser(address="198.51.100.1") for _ in range(50)]
    for number, thief in enumerate(thieves):
        thief.cookies[f"__Host-set-up-{link.id}"] = f"{DIRECTORY}.{number:043d}"
    answers = await asyncio.gather(*(thief.get(link.page) for thief in thieves))
    assert [answer.status for answer in answers].count(403) == 10
    assert (await browser.get(link.page)).status == 200


async def test_18_two_browsers_race_on_two_instances(world: World, link: Link) -> None:
    """Both send Start at the same moment: the row's ETag lets one of them succeed."""
    browsers = [world.browser(second=number % 2 == 1) for number in range(6)]
    answers = await asyncio.gather(*(browser.open(link.url) for browser in browsers))
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [303, 403, 403, 403, 403, 403]
    winners = [browser for browser in browsers if (await browser.get(link.page)).status == 200]
    assert len(winners) == 1


async def test_19_an_act_races_with_the_revocation(world: World, link: Link) -> None:
    """In either order, no credential is issued after the revocation."""
    browser = await _opened(world, link)
    path = f"/api/directories/{DIRECTORY}/links/{link.id}"
    answer, revoked = await asyncio.gather(
        browser.post(f"{link.page}/credential", {"sort": "secret"}),
        world.second.call("DELETE", path),
    )
    assert revoked.status == 204
    held = await world.first.json("GET", f"/api/directories/{DIRECTORY}/secrets")
    assert bool(held["secrets"]) == (answer.status == 200)
    assert "revoked" in sentence(await browser.post(f"{link.page}/credential"))


async def test_20_logs_and_storage_have_no_secret(
    world: World, link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    """No log line, URL, page or row contains the code, the cookie or a credential."""
    caplog.set_level(logging.DEBUG)
    browser = await _opened(world, link)
    cookie = next(iter(browser.cookies.values())).rpartition(".")[2]
    credentials, seen = list[str](), ""
    for sort in ("secret", "token"):
        values = {"sort": sort, "seen": seen}
        credentials.append(secret_in(await browser.post(f"{link.page}/credential", values)))
        seen = (await world.links())[0]["credentialTaken"]
    await world.browser().open(link.url)
    await browser.post(f"{link.page}/finish")
    await world.first.app.background.drain()
    pages = [
        (await world.first.call("GET", path)).body.decode()
        for path in (
            f"/directories/{DIRECTORY}/links",
            f"/directories/{DIRECTORY}/credentials",
            f"/directories/{DIRECTORY}/connect",
            f"/directories/{DIRECTORY}/log",
            f"/api/directories/{DIRECTORY}/links",
            f"/api/directories/{DIRECTORY}/events",
        )
    ]
    everything = "\n".join([world.stored(), *caplog.messages, *browser.log, *pages])
    assert link.id in everything
    for secret in (link.code.rpartition(".")[2], cookie, *credentials):
        assert len(secret) > 40
        assert secret not in everything


async def test_21_a_refusal_costs_the_same_whatever_is_wrong(world: World, link: Link) -> None:
    """Unknown directory, unknown link, wrong secret or no code: two reads and the same page
    each.
    """
    place = link.code.rpartition(".")[0]
    wrong = (
        f"{place}.{'A' * 43}",
        f"{place.replace(link.id, 'a' * 12)}.{'A' * 43}",
        f"{place.replace(DIRECTORY, 'nowhere')}.{'A' * 43}",
        "nonsense",
        link.code[:-1],
    )
    pages, costs = list[bytes](), list[int]()
    for code in wrong:
        with world.tables.measured() as calls:
            answer = await world.browser(address=f"198.51.100.{len(costs)}").open(code)
        costs.append(len(calls))
        pages.append(answer.body)
    assert costs == [2] * len(wrong)
    assert len(set(pages)) == 1


async def test_22_a_header_that_pretends_to_be_the_platforms(world: World, link: Link) -> None:
    """`/set-up` is excluded from the platform's sign-in, so its header of a user is ignored
    there.
    """
    await _opened(world, link)
    stranger = world.browser()
    forged = {"x_ms_client_principal": "eyJjbGFpbXMiOlt7InR5cCI6InRpZCIsInZhbCI6IngifV19"}
    assert (await stranger.get(link.page, **forged)).status == 403


async def test_23_the_callback_without_the_links_browser(world: World, link: Link) -> None:
    """An unknown `state`, or that of another link, is refused, and nothing is connected."""
    browser = await _opened(world, link)
    for state in ("", "x" * 43):
        for one in (browser, world.browser()):
            answer = await one.get(f"/set-up/callback?state={state}&code=x&admin_consent=True")
            assert answer.status == 403
    assert not re.search("linked|propagating", world.stored())


async def test_24_a_method_or_page_that_does_not_exist(world: World, link: Link) -> None:
    """404 and 405 as elsewhere; malformed ids cause no 500."""
    browser = await _opened(world, link)
    assert (await browser.get(f"{link.page}/nothing")).status == 404
    assert (await browser.send("DELETE", link.page, origin=ORIGIN)).status == 405
    for identifier in ("%00", "a%2Fb", "%7C", "x" * 2000, "callback/live", "%F0%9F%98%80"):
        assert (await browser.get(f"/set-up/{identifier}")).status in (400, 403, 404)
