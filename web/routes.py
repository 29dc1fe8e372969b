"""Which page answers at which address."""

from directories import service
from shared.http import Request, Response
from web.pages import (
    access,
    call_history,
    connect,
    credentials,
    directory,
    home,
    numbers,
    organisation,
    person,
    presence_changes,
    presence_step,
    provisioning_log,
    setup,
    steps,
    way_back,
)
from web.site import Page
from web.visit import Visit


def _leads_to(page: str) -> Page:
    """What only takes changes leads, asked for by GET as after a sign-in, to the `page` with its form."""

    async def lead(visit: Visit) -> Response:
        directory = await service.read(visit.services, visit.account, visit.directory_id)
        return visit.go(f"/directories/{directory.id}{page}")

    return lead


_NEW: dict[str, Page] = {"GET": setup.new, "POST": setup.create}
_OF_DIRECTORY: dict[str, dict[str, Page]] = {
    "": {"GET": directory.show},
    "advance": {"GET": steps.resume, "POST": steps.advance},
    "connect": {"GET": connect.show, "POST": connect.new_token},
    "connection": {"GET": presence_step.connection},
    "consent": {"GET": _leads_to("/presence"), "POST": presence_step.consent},
    "credentials": {"GET": credentials.show},
    "delete": {"GET": home.ask_to_delete, "POST": home.delete},
    "gone": {"GET": _leads_to("/presence"), "POST": access.check_gone},
    "issue": {"GET": credentials.ask_to_issue, "POST": credentials.issue},
    "live": {"GET": connect.live},
    "log": {"GET": provisioning_log.show},
    "numbers": {"GET": numbers.show},
    "presence": {"GET": presence_step.show, "POST": presence_step.choose},
    "remove": {"GET": access.ask_to_remove, "POST": access.remove},
    "rename": {"GET": home.ask_for_name, "POST": home.rename},
    "restore": {"GET": home.to_list, "POST": home.restore},
    "revoke": {"GET": credentials.ask_to_revoke, "POST": credentials.revoke},
    "setup": {"GET": setup.edit, "POST": setup.save},
    "strict": {"GET": _leads_to(""), "POST": directory.set_strict},
}
_OF_CONTACTS: dict[str, dict[str, Page]] = {
    "": {"GET": organisation.show},
    "history": {"GET": call_history.show, "POST": call_history.resolve},
    "list": {"GET": organisation.people, "POST": organisation.people},
    "person": {"GET": person.show},
    "presence": {"GET": organisation.to_list, "POST": presence_changes.show},
}


def of_directory(request: Request) -> dict[str, Page]:
    """The pages at `/directories/{directoryId}/{page?}`, by method; none for no page at all."""
    page = request.route.get("page") or ""
    if request.route["directoryId"] == "new":
        return {} if page else _NEW
    return _OF_DIRECTORY.get(page, {})


def of_contacts(request: Request) -> dict[str, Page]:
    """The pages at `/contacts/{part?}`, by method; none for no page at all."""
    return _OF_CONTACTS.get(request.route.get("part") or "", {})


def of_home(request: Request) -> dict[str, Page]:
    """The page at `/`."""
    return {"GET": home.show}


def of_list(request: Request) -> dict[str, Page]:
    """`/directories`, which is what is left when somebody shortens the address of a directory."""
    return {"GET": home.to_list}


def of_way_back(request: Request) -> dict[str, Page]:
    """The page at `/sign-in/callback`."""
    return {"GET": way_back.back}
