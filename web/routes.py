"""Which page answers at which address."""

from shared.http import Request
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
)
from web.site import Page

_NEW: dict[str, Page] = {"GET": setup.new, "POST": setup.create}
_OF_DIRECTORY: dict[str, dict[str, Page]] = {
    "": {"GET": directory.show},
    "advance": {"POST": setup.advance},
    "connect": {"GET": connect.show, "POST": connect.new_token},
    "connection": {"GET": presence_step.connection},
    "consent": {"POST": presence_step.consent},
    "credentials": {"GET": credentials.show},
    "delete": {"GET": home.ask_to_delete, "POST": home.delete},
    "gone": {"POST": access.check_gone},
    "issue": {"GET": credentials.ask_to_issue, "POST": credentials.issue},
    "live": {"GET": connect.live},
    "log": {"GET": provisioning_log.show},
    "numbers": {"GET": numbers.show},
    "presence": {"GET": presence_step.show, "POST": presence_step.choose},
    "remove": {"GET": access.ask_to_remove, "POST": access.remove},
    "rename": {"GET": home.ask_for_name, "POST": home.rename},
    "restore": {"POST": home.restore},
    "revoke": {"GET": credentials.ask_to_revoke, "POST": credentials.revoke},
    "setup": {"GET": setup.edit, "POST": setup.save},
    "strict": {"POST": directory.set_strict},
}
_OF_CONTACTS: dict[str, dict[str, Page]] = {
    "": {"GET": organisation.show},
    "history": {"GET": call_history.show, "POST": call_history.resolve},
    "list": {"GET": organisation.people},
    "person": {"GET": person.show},
    "presence": {"POST": presence_changes.show},
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
