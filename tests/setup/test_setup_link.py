"""A set-up link from the contact centre's button to *Finish*, and the progress that the contact
centre sees.
"""

import pytest

from directories.setup_links import KEPT, LIFETIME
from tests.setup.world import DIRECTORY, ORIGIN, Link, World, secret_in, sentence

API = f"/api/directories/{DIRECTORY}/links"


async def test_a_link_has_its_code_after_the_hash(world: World, link: Link) -> None:
    """RFC 9110 section 7.1: clients don't send the fragment, so no server's log contains the
    code.
    """
    assert link.url.startswith(f"{ORIGIN}/set-up#extdirlink_{DIRECTORY}.{link.id}.")


async def test_start_binds_the_link_to_this_browser(world: World, link: Link) -> None:
    """By a cookie for this host, which no script and no cross-site request can use."""
    browser = world.browser()
    assert (await browser.get("/set-up")).status == 200
    opened = await browser.open(link.url)
    assert (opened.status, opened.headers["location"]) == (303, link.page)
    cookie = opened.headers["set-cookie"].lower()
    assert cookie.startswith(f"__host-set-up-{link.id}={DIRECTORY}.")
    for part in ("secure", "httponly", "samesite=lax", "path=/", f"max-age={72 * 3600}"):
        assert part in cookie
    page = await browser.get(link.page)
    assert page.status == 200
    assert f"{ORIGIN}/scim/{DIRECTORY}/v2" in page.body.decode()


async def test_the_page_is_neither_cached_nor_indexed(world: World, link: Link) -> None:
    """Headers forbid a referrer, caches and search engines."""
    browser = world.browser()
    await browser.open(link.url)
    for answer in (await browser.get("/set-up"), await browser.get(link.page)):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "noindex" in answer.headers["x-robots-tag"]


async def test_a_get_does_not_open_the_link(world: World, link: Link) -> None:
    """Mail scanners and link previews send a GET, with or without parts of the URL."""
    scanner = world.browser()
    for path in ("/set-up", f"/set-up?code={link.code}", link.page, f"/set-up/{link.code}"):
        await scanner.get(path)
        await scanner.send("HEAD", path)
    assert (await world.links())[0]["state"] == "waiting"
    assert (await world.browser().open(link.url)).status == 303


async def test_the_browser_that_opened_it_may_open_it_again(world: World, link: Link) -> None:
    """The administrator selects the link in the message a second time."""
    browser = world.browser()
    await browser.open(link.url)
    cookies = dict(browser.cookies)
    assert (await browser.open(link.url)).status == 303
    assert browser.cookies == cookies


@pytest.mark.parametrize(("sort", "prefix"), [("secret", "extdirsec_"), ("token", "extdir_")])
async def test_a_credential_is_shown_once_and_works(
    world: World, link: Link, sort: str, prefix: str
) -> None:
    """Only the response to the button shows it; it is valid at once."""
    browser = world.browser()
    await browser.open(link.url)
    plain = secret_in(await browser.post(f"{link.page}/credential", {"sort": sort}))
    assert plain.startswith(prefix)
    assert plain not in (await browser.get(link.page)).body.decode()
    if sort == "secret":
        grant = f"grant_type=client_credentials&client_id={DIRECTORY}&client_secret={plain}"
        answer = await browser.send("POST", f"/scim/{DIRECTORY}/oauth2/token", grant.encode())
    else:
        answer = await browser.get(f"/scim/{DIRECTORY}/v2/Users", authorization=f"Bearer {plain}")
    assert answer.status == 200


async def test_a_reloaded_response_creates_nothing(world: World, link: Link) -> None:
    """Browsers send the form again: no second link and no second secret is created."""
    form = "application/x-www-form-urlencoded"
    path = f"/directories/{DIRECTORY}/links"
    statuses = [
        (await world.first.call("POST", path, b"once=abc", form, origin=ORIGIN)).status
        for _ in range(2)
    ]
    assert (statuses, len(await world.links())) == ([200, 303], 2)
    browser = world.browser()
    await browser.open(link.url)
    values = {"sort": "secret", "seen": ""}
    answers = [await browser.post(f"{link.page}/credential", values) for _ in range(2)]
    assert [bool(secret_in(answer)) for answer in answers] == [True, False]
    assert "sent before" in sentence(answers[1])


async def test_a_third_credential_revokes_no_other(world: World, link: Link) -> None:
    """The maximum is two; the third is refused with the remedy."""
    browser = world.browser()
    await browser.open(link.url)
    seen = ""
    for _ in range(2):
        await browser.post(f"{link.page}/credential", {"sort": "secret", "seen": seen})
        world.clock.advance(1)
        seen = (await world.links())[0]["credentialTaken"]
    third = await browser.post(f"{link.page}/credential", {"sort": "secret", "seen": seen})
    assert (third.status, secret_in(third)) == (409, "")
    held = await world.first.json("GET", f"/api/directories/{DIRECTORY}/secrets")
    assert [one["state"] for one in held["secrets"]] == ["live", "live"]


async def test_an_identity_can_be_trusted_and_corrected_but_not_replaced(
    world: World, link: Link
) -> None:
    """A link may change the identity that it set, but not one that the contact centre set."""
    browser = world.browser()
    await browser.open(link.url)
    identity = {"tenantId": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "audiences": "api://x"}
    wrong = await browser.post(f"{link.page}/trust", {**identity, "subject": "x"})
    assert (wrong.status, "subject" in sentence(wrong)) == (422, True)
    for number in ("1", "2"):
        subject = f"{number * 8}-0000-4000-8000-{number * 12}"
        answer = await browser.post(f"{link.page}/trust", {**identity, "subject": subject})
        assert answer.status == 303
    await world.first.call("DELETE", f"/api/directories/{DIRECTORY}/trust")
    body = b'{"tenantId":"%s","subject":"%s","audiences":["api://y"]}' % (
        b"3" * 8 + b"-0000-4000-8000-" + b"3" * 12,
        b"4" * 8 + b"-0000-4000-8000-" + b"4" * 12,
    )
    await world.first.call("PUT", f"/api/directories/{DIRECTORY}/trust", body)
    refused = await browser.post(f"{link.page}/trust", {**identity, "subject": subject})
    assert (refused.status, "trusts another identity" in sentence(refused)) == (422, True)


async def test_ten_numbers_are_tested(world: World, link: Link) -> None:
    """Each has its E.164 format and the digits by which it is found, or its fault and remedy."""
    browser = world.browser()
    await browser.open(link.url)
    page = (
        await browser.post(f"{link.page}/numbers", {"numbers": "030 901820\n12\n"})
    ).body.decode()
    assert "+4930901820" in page
    assert "4930901820 (national)" in page
    assert "internal extension" in page
    many = await browser.post(
        f"{link.page}/numbers", {"numbers": "\n".join("030 901820" for _ in range(11))}
    )
    assert (many.status, "at most 10" in sentence(many)) == (422, True)
    none = await browser.post(f"{link.page}/numbers", {"numbers": " \n"})
    assert none.status == 422


async def test_the_first_people_are_tested(world: World, link: Link) -> None:
    """Or the page states that none has been provisioned."""
    browser = world.browser()
    await browser.open(link.url)
    empty = await browser.post(f"{link.page}/numbers", {"source": "people"})
    assert "No people have arrived yet" in sentence(empty)
    for number in range(12):
        person = {
            "userName": f"p{number:02d}@contoso.example",
            "displayName": f"Person {number:02d}",
            "active": number != 3,
            "phoneNumbers": [{"type": "work", "value": f"030 9018{number:02d}"}],
        }
        await world.first.json("POST", f"/scim/{DIRECTORY}/v2/Users", person)
    page = (await browser.post(f"{link.page}/numbers", {"source": "people"})).body.decode()
    assert page.count("<bdi>Person") == 10
    assert "Person 03" not in page
    assert "+493090180" in page


async def test_the_contact_centre_sees_the_progress(world: World, link: Link) -> None:
    """When the link was opened, a credential issued, numbers tested, and the link finished; API and
    page show the same.
    """
    browser = world.browser()
    states = [(await world.links())[0]["state"]]
    await browser.open(link.url)
    states.append((await world.links())[0]["state"])
    await browser.post(f"{link.page}/credential", {"sort": "secret"})
    await browser.post(f"{link.page}/numbers", {"numbers": "12"})
    assert (await browser.post(f"{link.page}/finish")).status == 303
    (found,) = await world.links()
    assert [*states, found["state"]] == ["waiting", "opened", "done"]
    assert found["credential"] == "secret"
    assert all(found[name] for name in ("opened", "credentialTaken", "numbersTested", "done"))
    assert found["revoked"] is found["refusedElsewhere"] is None
    page = (await world.first.call("GET", f"/directories/{DIRECTORY}/links")).body.decode()
    for words in ("Client secret taken", "0 people so far", "Presence connected", "Finished"):
        assert words in page
    directory = await world.first.json("GET", f"/api/directories/{DIRECTORY}")
    assert directory["setup"] == "done"


async def test_a_finished_link_shows_its_summary_and_refuses_actions(
    world: World, link: Link
) -> None:
    """In the browser that finished it."""
    browser = world.browser()
    await browser.open(link.url)
    await browser.post(f"{link.page}/finish")
    assert "Set-up finished" in (await browser.get(link.page)).body.decode()
    for part in ("credential", "trust", "numbers", "consent", "finish"):
        answer = await browser.post(f"{link.page}/{part}", {"numbers": "12"})
        assert (answer.status, secret_in(answer)) == (403, ""), part


async def test_every_action_is_an_audit_event_of_the_link(world: World, link: Link) -> None:
    """Actor is the link, and the address is that of its browser."""
    browser = world.browser(address="198.51.100.7")
    await browser.open(link.url)
    await browser.post(f"{link.page}/credential", {"sort": "secret"})
    await browser.post(f"{link.page}/numbers", {"numbers": "12"})
    await browser.post(f"{link.page}/finish")
    found = await world.first.json("GET", f"/api/directories/{DIRECTORY}/audit")
    by_link = [line for line in found["events"] if line["actor"]["kind"] == "link"]
    assert {line["act"] for line in by_link} == {
        "setup_link.opened",
        "secret.issued",
        "setup_link.tested",
        "setup_link.done",
        "directory.changed",
    }
    whose = {(line["actor"]["id"], line["actor"]["address"]) for line in by_link}
    assert whose == {(f"link:{link.id}", "198.51.100.7")}


async def test_at_most_five_links_can_be_used(world: World) -> None:
    """409 with the remedy; after one is revoked, another can be created. A second revocation is no
    error.
    """
    made = [await world.link() for _ in range(5)]
    assert (await world.first.call("POST", API)).status == 409
    for _ in range(2):
        assert (await world.first.call("DELETE", f"{API}/{made[0].id}")).status == 204
    assert (await world.first.call("POST", API)).status == 201
    assert (await world.first.call("DELETE", f"{API}/nothing")).status == 404


async def test_the_page_shows_a_new_link_once(world: World) -> None:
    """Only the response to the button contains its URL."""
    path = f"/directories/{DIRECTORY}/links"
    form = "application/x-www-form-urlencoded"
    page = (await world.first.call("POST", path, b"", form, origin=ORIGIN)).body.decode()
    assert f"{ORIGIN}/set-up#extdirlink_" in page
    assert "extdirlink_" not in (await world.first.call("GET", path)).body.decode()


async def test_old_links_are_deleted(world: World, link: Link) -> None:
    """The next new link deletes those that expired thirty days ago; until then they are refused
    with the reason.
    """
    world.clock.advance(KEPT.total_seconds() + LIFETIME.total_seconds())
    second = await world.link()
    assert len(await world.links()) == 2
    world.clock.advance(1)
    third = await world.link()
    assert {one["id"] for one in await world.links()} == {second.id, third.id}
