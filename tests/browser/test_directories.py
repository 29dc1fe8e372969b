"""The list, the wizard and a directory's page: administrators' steps that the story's test doesn't
include.
"""

import re
from pathlib import Path
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import chromium
from tests.browser.conftest import Populated
from tests.browser.pages import address, issue
from tests.browser.world import World


def test_the_wizard_continues_at_the_open_step(page: Page, populated: Populated) -> None:
    """The list links to the open step, and each step to the others."""
    page.goto("/")
    page.get_by_role("link", name="Contoso Retail").click()
    expect(page).to_have_url(re.compile("/connect$"))
    expect(page.get_by_text("The token was shown once")).to_be_visible()
    steps = page.get_by_role("navigation", name="Steps of the set-up")
    steps.get_by_role("link", name="Presence").click()
    expect(page.get_by_text("Should agents see who is available?")).to_be_visible()
    steps.get_by_role("link", name="Name and kind").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Contoso Retail")


def test_a_token_is_never_shown_twice(browser: Browser, fresh: World) -> None:
    """Only the response that created it shows it; the step's URL doesn't."""
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        page.goto("/directories/new")
        page.get_by_label("Name", exact=True).fill("Brightwater")
        page.get_by_role("button", name="Next Step").click()
        token = page.locator("#token").inner_text()
        page.reload()
        expect(page.get_by_text("The token was shown once")).to_be_visible()
        assert token not in page.content()
        page.get_by_role("link", name="Issue a new token").click()
        issue(page)
        expect(page.locator("#token")).to_be_visible()
        assert page.locator("#token").inner_text() != token
        expect(page.get_by_role("button", name="Next Step")).to_be_disabled()


def test_no_presence_needs_one_choice(browser: Browser, fresh: World) -> None:
    """The user selects Don't Sync Presence and Finish."""
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        made = fresh.add("Brightwater", done=False)
        page.goto(f"/directories/{made.id}/presence")
        expect(page.get_by_role("button", name="Finish")).to_be_disabled()
        page.get_by_text("Don't sync presence").click()
        page.get_by_role("button", name="Finish").click()
        expect(page).to_have_url(f"{fresh.url}/directories/{made.id}")


def test_declined_consent_is_reported_in_the_step(browser: Browser, empty: World) -> None:
    """Microsoft's redirect leads to the step, which shows the reason."""
    with chromium.visitor(browser, empty) as visitor:
        page = visitor.new_page()
        made = empty.add("Brightwater", done=False)
        page.goto(f"/directories/{made.id}/presence")
        page.get_by_text("Sync presence", exact=True).click()
        page.get_by_role("button", name="Sign in to Microsoft").click()
        page.get_by_role("button", name="max@contoso.example").click()
        expect(page.get_by_text("Not an administrator")).to_be_visible()
        page.get_by_role("button", name="Sign in to Microsoft").click()
        page.get_by_role("button", name="gloria@contoso.example").click()
        page.get_by_role("button", name="Cancel", exact=True).click()
        expect(page.get_by_text("Not accepted")).to_be_visible()
        expect(page.get_by_role("button", name="Sign in to Microsoft")).to_be_visible()


def test_a_wrong_name_is_reported_in_the_dialog(browser: Browser, fresh: World) -> None:
    """The fault is shown at the field."""
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        fresh.add("Brightwater", "other")
        page.goto("/")
        page.get_by_label("Actions for Brightwater").click()
        page.get_by_role("link", name="Rename").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("  ")
        dialog.get_by_role("button", name="Rename").click()
        expect(dialog.get_by_text("Enter a name.")).to_be_visible()
        dialog.get_by_label("Name").fill("Brightwater North")
        dialog.get_by_role("button", name="Rename").click()
        expect(page.get_by_role("link", name="Brightwater North")).to_be_visible()
        expect(page.get_by_text("Directory renamed")).to_be_visible()


def test_a_deletion_needs_the_name_and_can_be_undone(browser: Browser, fresh: World) -> None:
    """The user types the directory's name to confirm it."""
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        fresh.add("Brightwater", "other")
        page.goto("/")
        page.get_by_label("Actions for Brightwater").click()
        page.get_by_role("link", name="Delete").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Delete directory")).to_be_disabled()
        dialog.get_by_role("textbox").fill("Brightwater")
        dialog.get_by_role("button", name="Delete directory").click()
        expect(page.get_by_text("You can undo this until")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("link", name="Brightwater")).to_be_visible()


def test_credentials_are_issued_with_an_overlap_and_revoked(browser: Browser, fresh: World) -> None:
    """A rotation shows the new one once; a revocation ends one at once."""
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        made = fresh.add("Brightwater", "other")
        page.goto(f"/directories/{made.id}/credentials")
        page.get_by_role("link", name="Issue a new one").click()
        page.get_by_role("dialog").get_by_label("which is valid now").select_option("168")
        page.get_by_role("dialog").get_by_role("button", name="Issue").click()
        expect(page.get_by_text("Save it now")).to_be_visible()
        section = page.get_by_role("region", name="Security tokens")
        expect(section.get_by_role("row")).to_have_count(3)
        expect(section.get_by_text(re.compile("20[0-9]{2}, [0-9:]+ GMT"))).to_have_count(4)
        page.get_by_label("I have saved").check()
        section.get_by_role("link", name="Revoke").last.click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(section.get_by_text("Revoked", exact=True)).to_be_visible()
        page.get_by_role("link", name="Create").click()
        page.get_by_role("dialog").get_by_role("button", name="Issue").click()
        expect(page.locator("#client_secret-fresh")).to_contain_text("extdirsec_")


def test_the_log_shows_a_persons_history(page: Page, populated: Populated) -> None:
    """By filter, by search, and by the link to all events of one person."""
    page.goto(address("log", populated))
    page.get_by_role("searchbox").fill("person3@")
    expect(page.locator(".event")).to_have_count(1)
    page.locator(".event").get_by_role("link").click()
    expect(page.get_by_text("All events for")).to_be_visible()
    expect(page.locator(".event")).to_have_count(1)
    page.get_by_role("link", name="Show all").click()
    page.get_by_label("Events", exact=True).select_option(label="Refused requests")
    expect(page.get_by_text("No event in this log matches the filter.")).to_be_visible()


def test_strict_numbers_refuse_and_the_log_has_the_reason(browser: Browser, fresh: World) -> None:
    """The switch takes effect at once; the refusal is in the log with its remedy, and among the
    problems.
    """
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        made = fresh.add("Brightwater", "other")
        page.goto(f"/directories/{made.id}")
        page.get_by_role("switch", name="Strict numbers").check()
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
        page.reload()
        expect(page.get_by_role("switch", name="Strict numbers")).to_be_checked()
        _refused(fresh, made.base, made.token)
        page.goto("/")
        expect(page.get_by_text("1 refused today")).to_be_visible()
        page.goto(f"/directories/{made.id}/log?kind=refused")
        expect(page.get_by_text("Request refused")).to_be_visible()


def _refused(fresh: World, base: str, token: str) -> None:
    body = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada@example.com",
        "phoneNumbers": [{"type": "work", "value": "12"}],
    }
    with pytest.raises(HTTPError, match="400"):
        fresh.call(
            "POST",
            f"{base.removeprefix(fresh.url)}/Users",
            body,
            {"Authorization": f"Bearer {token}"},
        )


def test_numbers_needing_attention_come_with_the_remedy(page: Page, populated: Populated) -> None:
    """Each has its person, its value and the remedy."""
    page.goto(address("numbers", populated))
    expect(page.get_by_text("Noor Driver 07")).to_be_visible()
    expect(page.get_by_text("like an internal extension")).to_be_visible()


def test_an_export_comes_as_a_file(page: Page, populated: Populated, tmp_path: Path) -> None:
    """A CSV file with all people; a bar shows the progress."""
    page.goto(address("directory", populated))
    with page.expect_download() as coming:
        page.get_by_role("link", name="CSV file").click()
    coming.value.save_as(tmp_path / "people.csv")
    saved = (tmp_path / "people.csv").read_bytes()
    assert saved.startswith(b"\xef\xbb\xbf"), (
        "Excel takes a file without the mark for another encoding"
    )
    assert len(saved.decode().strip().splitlines()) == 61
    expect(page.get_by_text("The file is in your downloads.")).to_be_visible()


def test_an_export_that_failed_continues_at_the_same_chunk(
    page: Page, populated: Populated, tmp_path: Path
) -> None:
    """No one downloads 100,000 people again, and no one is in the file twice."""
    page.goto(address("directory", populated))
    link, asked = page.get_by_role("link", name="CSV file"), []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if "cursor" in route.request.url and len(asked) == 2:
            route.fulfill(status=503)
        else:
            route.continue_()

    page.route("**/export?**", answer)
    link.evaluate("(link) => { link.href = link.href.replace('2000', '40'); }")
    link.click()
    expect(page.get_by_text("40 of 60 exported")).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Continue the export").click()
    coming.value.save_as(tmp_path / "people.csv")
    lines = (tmp_path / "people.csv").read_text(encoding="utf-8-sig").strip().splitlines()
    assert (len(lines), len(set(lines))) == (61, 61)


def test_an_attribute_name_of_the_mapping_is_never_wrapped(
    page: Page, populated: Populated
) -> None:
    """Users compare names with those in the portal; expressions may wrap at spaces."""
    page.goto(address("step 2", populated))
    for width in (320, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        heights = page.locator(".mapping td code").evaluate_all(
            "(all) => all.map((code) => [code.textContent, code.getBoundingClientRect().height])"
        )
        assert heights
        assert [name for name, height in heights if " " not in name and height > 24] == []
