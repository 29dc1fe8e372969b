"""Wizard, step 3: choose whether to sync presence, get the company's consent, and remove access."""

from typing import Any
from urllib.parse import urlsplit

from directories import service, tokens
from directories.models import Directory
from presence.consent import service as consents
from presence.consent.status import Connection
from presence.graph.clouds import cloud_of
from shared.http import HttpError, Response
from shared.messages import Message
from web.page_request import PageRequest
from web.pages import setup_links, wizard_steps
from web.pages.connection_view import ConnectionView, view
from web.render import dialog, page
from web.translations import outcome_words


async def show(visit: PageRequest) -> Response:
    """Show step 3; the query parameter `outcome` is the code of the consent's outcome."""
    directory = await _directory(visit)
    if directory.kind != "entra":
        return visit.go(f"/directories/{directory.id}")
    return await step(visit, directory, outcome_words(visit, visit.query.get("outcome", "")))


async def choose(visit: PageRequest) -> Response:
    """Store *Sync presence* or *Don't sync presence*; if a tenant is connected, the choice stays *Sync presence*."""
    directory = await _directory(visit)
    choice = visit.form.get("choice")
    found = view(visit, await _connection(visit), directory)
    if choice in ("on", "off") and directory.kind == "entra" and not found.locked:
        directory = await service.set_up(visit.app, visit.actor, directory.id, presence=choice)
    return await step(visit, directory)


async def connection(visit: PageRequest) -> Response:
    """Return the progress of the consent at Microsoft: 204 if it hasn't changed, else a redirect to the step."""
    directory = await _directory(visit)
    assert visit.person is not None
    found = await consents.check(visit.app, visit.actor, directory.id)
    current = view(visit, found, directory)
    if visit.query.get("seen") == current.mark:
        return Response(204)
    return visit.go(f"/directories/{directory.id}/presence")


async def consent(visit: PageRequest) -> Response:
    """Set presence to *on* and redirect to Microsoft's sign-in."""
    directory = await _directory(visit)
    assert visit.person is not None
    if directory.presence != "on":
        await service.set_up(visit.app, visit.actor, directory.id, presence="on")
    try:
        location, headers = await consents.connect(
            visit.app, visit.actor, directory.id, visit.request, must_confirm=True
        )
    except HttpError as error:
        failed = {
            "tone": "bad",
            "title": visit.t("consent_failed"),
            "detail": visit.text(error.message),
            "remedy": "",
        }
        response = await step(visit, directory, failed)
        response.headers |= {
            "HX-Retarget": "#main",
            "HX-Reselect": "#main",
            "HX-Reswap": "outerHTML",
        }
        return response
    return visit.leave(location, headers)


async def confirm(visit: PageRequest) -> Response:
    """Connect the company that the page showed.

    If another company has signed in since then, show that one and a message instead.
    """
    directory = await _directory(visit)
    try:
        await consents.confirm(visit.app, visit.actor, directory.id, visit.form.get("tenant", ""))
    except HttpError as error:
        failed = {
            "tone": "bad",
            "title": visit.t("company_changed_title"),
            "detail": visit.text(error.message),
            "remedy": "",
        }
        return await step(visit, directory, failed)
    return await step(visit, directory)


async def step(
    visit: PageRequest, directory: Directory, outcome: dict[str, str] | None = None
) -> Response:
    """Show step 3 with its current state; `outcome` is a message to show, with tone, title, detail and remedy."""
    assert visit.person is not None
    found = await _connection(visit)
    current = view(visit, found, directory)
    choice = "on" if current.locked else directory.presence
    left = (
        await consents.how_to_remove(visit.app, visit.person, directory.id)
        if found.state == "removed"
        else None
    )
    values: dict[str, Any] = {
        "directory": directory,
        "once": tokens.new_short_id(),
        "sent": await setup_links.waiting_sign_ins(visit, directory)
        if choice == "on" and not current.locked
        else [],
        "connection": current,
        "choice": choice,
        "outcome": outcome,
        "links": wizard_steps.links(directory),
        "done": await wizard_steps.done(visit, directory),
        "before_finish": visit.text(_before_finish(choice, current)),
        "removal": left,
        "gone": None,
    }
    login = urlsplit(cloud_of(visit.settings).login_url)
    return page(visit, "presence.html", form_origin=f"{login.scheme}://{login.netloc}", **values)


def _before_finish(choice: str, connection: ConnectionView) -> Message | None:
    """Return what is missing before the wizard can finish; None if nothing is."""
    if connection.unconfirmed:
        return Message("finish_needs_company")
    if choice == "off" or connection.locked or connection.state == "removed":
        return None
    return Message("finish_needs_consent" if choice == "on" else "finish_needs_choice")


async def _connection(visit: PageRequest) -> Connection:
    assert visit.person is not None
    return await consents.read(visit.app, visit.person, visit.directory_id)


async def _directory(visit: PageRequest) -> Directory:
    return await service.read(visit.app, visit.account, visit.directory_id)


async def ask_to_remove(visit: PageRequest) -> Response:
    """Show the dialog that lists the access to be removed."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return dialog(visit, "remove.html", directory=directory)


async def remove(visit: PageRequest) -> Response:
    """Delete access tokens and presence at once; the response shows the second step of the removal."""
    assert visit.person is not None
    await consents.remove(visit.app, visit.actor, visit.directory_id)
    directory = await service.set_up(visit.app, visit.actor, visit.directory_id, presence="off")
    return await step(visit, directory)


async def check_gone(visit: PageRequest) -> Response:
    """Show whether the company has deleted the application in its tenant."""
    assert visit.person is not None
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    checked = await consents.check_gone(visit.app, visit.actor, directory.id)
    gone = {"tone": "good" if checked.gone else "warn", "words": visit.text(checked.message)}
    return page(visit, "gone.html", directory=directory, gone=gone)
