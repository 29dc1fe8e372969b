"""Map the addresses of the pages to the functions that serve them, by HTTP method."""

from directories import service
from shared.http import Request, Response
from web.endpoints import Page
from web.page_request import PageRequest
from web.pages import (
    audit_log,
    call_history,
    companies,
    consent_callback,
    credentials,
    directory,
    directory_list,
    dry_run,
    entrance,
    favourites,
    inspector,
    issuing,
    notes,
    numbers,
    organisation,
    person,
    presence_poll,
    provisioning_log,
    readers,
    screen_pop,
    setup_link,
    setup_links,
    setup_start,
    team,
    trusted_identity,
    wizard_details,
    wizard_presence,
    wizard_scim,
    wizard_steps,
)
from web.setup_handlers import SetupPage, of_session


def _leads_to(page: str) -> Page:
    """Return a page that redirects GET of a form's own address to the page that shows the form.

    `page` is the path of the latter below the directory's address, "" for the directory itself. The
    form sends only POST. But if the POST required a sign-in, the browser sends GET to the same
    address after the sign-in.
    """

    async def lead(visit: PageRequest) -> Response:
        directory = await service.read(visit.app, visit.account, visit.directory_id)
        return visit.go(f"/directories/{directory.id}{page}")

    return lead


async def _leads_to_history(visit: PageRequest) -> Response:
    """Redirect GET of the export's address to the page that shows the form.

    The form sends only POST. But if the POST required a sign-in, the browser sends GET to the same
    address after the sign-in.
    """
    return visit.go("/contacts/history")


_NEW: dict[str, Page] = {"GET": wizard_details.new, "POST": wizard_details.create}
_OF_DIRECTORY: dict[str, dict[str, Page]] = {
    "": {"GET": directory.show},
    "audit": {"GET": audit_log.show_directory},
    "advance": {"GET": wizard_steps.resume, "POST": wizard_steps.advance},
    "connect": {"GET": wizard_scim.show, "POST": wizard_scim.new_token},
    "confirm": {"GET": _leads_to("/presence"), "POST": wizard_presence.confirm},
    "connection": {"GET": wizard_presence.connection},
    "consent": {"GET": _leads_to("/presence"), "POST": wizard_presence.consent},
    "credentials": {"GET": credentials.show},
    "delete": {"GET": directory_list.ask_to_delete, "POST": directory_list.delete},
    "dry-run": {"GET": dry_run.ask, "POST": dry_run.run},
    "gone": {"GET": _leads_to("/presence"), "POST": wizard_presence.check_gone},
    "inspector": {"GET": inspector.show, "POST": inspector.switch},
    "issue": {"GET": issuing.ask, "POST": credentials.issue},
    "links": {"GET": setup_links.show, "POST": setup_links.create},
    "live": {"GET": wizard_scim.live},
    "log": {"GET": provisioning_log.show},
    "numbers": {"GET": numbers.show},
    "presence": {"GET": wizard_presence.show, "POST": wizard_presence.choose},
    "readers": {"GET": readers.ask, "POST": readers.save},
    "region": {"GET": _leads_to("/numbers"), "POST": numbers.set_region},
    "remove": {"GET": wizard_presence.ask_to_remove, "POST": wizard_presence.remove},
    "rename": {"GET": directory_list.ask_for_name, "POST": directory_list.rename},
    "restore": {"GET": directory_list.to_list, "POST": directory_list.restore},
    "revoke": {"GET": credentials.ask_to_revoke, "POST": credentials.revoke},
    "revoke-link": {"GET": setup_links.ask_to_revoke, "POST": setup_links.revoke},
    "setup": {"GET": wizard_details.edit, "POST": wizard_details.save},
    "trust": {"GET": trusted_identity.ask, "POST": trusted_identity.save},
    "strict": {"GET": _leads_to(""), "POST": directory.set_strict},
}
_OF_CONTACTS: dict[str, dict[str, Page]] = {
    "": {"GET": organisation.show},
    "companies": {"GET": companies.show},
    "export": {"GET": _leads_to_history, "POST": call_history.export},
    "favourite": {"GET": organisation.to_list, "POST": favourites.set_star},
    "history": {"GET": call_history.show, "POST": call_history.resolve},
    "import": {"POST": favourites.import_stored},
    "list": {"GET": organisation.people, "POST": organisation.people},
    "notes": {"GET": organisation.to_list, "POST": notes.act},
    "person": {"GET": person.show},
    "pop": {"GET": screen_pop.show},
    "presence": {"GET": organisation.to_list, "POST": presence_poll.show},
    "statuses": {"GET": organisation.to_list, "POST": presence_poll.show_statuses},
    "team": {"GET": team.show},
    "recents": {"GET": organisation.to_list, "POST": favourites.clear_recents},
}

_OF_LINK: dict[str, dict[str, SetupPage]] = {
    "": {"GET": setup_link.show},
    "confirm": {"POST": setup_link.confirm},
    "connection": {"GET": setup_link.connection},
    "consent": {"POST": setup_link.consent},
    "credential": {"POST": setup_link.issue},
    "finish": {"POST": setup_link.finish},
    "live": {"GET": setup_link.live},
    "numbers": {"POST": setup_link.test_numbers},
    "trust": {"POST": setup_link.trust},
    "withdraw": {"POST": setup_link.withdraw},
}


def of_setup(request: Request) -> dict[str, Page]:
    """Return the pages at `/set-up/{linkId}/{page?}` by HTTP method, {} for an unknown address.

    A GET of a form's address redirects to the link's page.
    """
    page = request.route.get("page") or ""
    if request.route["linkId"] == "callback" and not page:
        return {"GET": consent_callback.return_to_link}
    found = {method: of_session(one) for method, one in _OF_LINK.get(page, {}).items()}
    return {"GET": of_session(setup_link.to_page), **found} if found else {}


def of_setup_start(request: Request) -> dict[str, Page]:
    """Return the pages at `/set-up` by HTTP method."""
    return {"GET": setup_start.show, "POST": setup_start.start}


def of_directory(request: Request) -> dict[str, Page]:
    """Return the pages at `/directories/{directoryId}/{page?}` by HTTP method, {} for an unknown address."""
    page = request.route.get("page") or ""
    if request.route["directoryId"] == "new":
        return {} if page else _NEW
    return _OF_DIRECTORY.get(page, {})


def of_contacts(request: Request) -> dict[str, Page]:
    """Return the pages at `/contacts/{part?}` by HTTP method, {} for an unknown address."""
    part = request.route.get("part") or ""
    if not part and request.query.get("pop") == "1":
        return {"GET": screen_pop.show}
    return _OF_CONTACTS.get(part, {})


def of_home(request: Request) -> dict[str, Page]:
    """Return the page at `/` by HTTP method."""
    return {"GET": directory_list.show}


def of_audit(request: Request) -> dict[str, Page]:
    """Return the page at `/audit` by HTTP method."""
    return {"GET": audit_log.show_account}


def of_list(request: Request) -> dict[str, Page]:
    """Return the page at `/directories`, which users reach by shortening a directory's address."""
    return {"GET": directory_list.to_list}


def of_consent_callback(request: Request) -> dict[str, Page]:
    """Return the page at `/sign-in/callback` by HTTP method."""
    return {"GET": consent_callback.return_to_directory}


def of_embed(request: Request) -> dict[str, Page]:
    """Return the page at `/embed` by HTTP method."""
    return {"GET": entrance.show}


# By the names of the Azure functions that `web.endpoints` registers.
CHOICES = {
    "page_home": of_home,
    "page_audit": of_audit,
    "page_directory": of_directory,
    "page_directories": of_list,
    "page_contacts": of_contacts,
    "page_setup": of_setup,
    "page_setup_start": of_setup_start,
    "page_embed": of_embed,
    "page_sign_in_callback": of_consent_callback,
}
