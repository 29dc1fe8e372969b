"""The functions of the pages. Their templates overlap with none, since the host knows no precedence among routes."""

import azure.functions as func

from shared.functions import add_http, by_method
from shared.http import Request
from shared.services import Services
from web import static_files
from web.openapi.endpoints import serve as serve_description
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
from web.site import Page, admin, agent

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


def blueprint(services: Services) -> func.Blueprint:
    """Pages for administrators (`/`, `/directories/…`), for agents (`/contacts…`), and their files."""
    functions = func.Blueprint()  # type: ignore[no-untyped-call, unused-ignore]
    add_http(functions, "page_home", "/", admin(services, lambda _: {"GET": home.show}))
    add_http(functions, "page_directory", "directories/{directoryId}/{page?}", admin(services, _directory_pages))
    add_http(functions, "page_contacts", "contacts/{part?}", agent(services, _contact_pages))
    add_http(functions, "api_description", "api/openapi.json", by_method(GET=serve_description))
    add_http(functions, "page_static", "static/{name}", by_method(GET=static_files.serve))
    return functions


def _directory_pages(request: Request) -> dict[str, Page]:
    page = request.route.get("page") or ""
    if request.route["directoryId"] == "new":
        return {} if page else _NEW
    return _OF_DIRECTORY.get(page, {})


def _contact_pages(request: Request) -> dict[str, Page]:
    return _OF_CONTACTS.get(request.route.get("part") or "", {})
