"""The Azure functions of the contacts API: `/api/contacts…`, and paths below `/api/directories/{directoryId}`.

`contacts.api` is imported by the first request, because a cold start for a SCIM request doesn't need it.
"""

from collections.abc import Awaitable, Callable, Mapping

import azure.functions as func

from directories.hooks import MaintenanceJobs
from directories.models import Directory
from directories.rate_limits import limit_user
from shared.app import App
from shared.azure_functions import Handler, register_http
from shared.concurrency import import_modules
from shared.easy_auth import Principal, require_reader
from shared.http import Request, Response, select_by_method

Action = Callable[[App, Request, Principal], Awaitable[Response]]
_DIRECTORY = "api/directories/{directoryId}"
_ROUTES = {
    "contacts": "api/contacts",
    "contacts_lookup": "api/contacts/lookup",
    "contacts_pop": "api/contacts/pop",
    "contacts_noted": "api/contacts/noted",
    "directory_contacts": f"{_DIRECTORY}/contacts",
    "directory_contact": f"{_DIRECTORY}/contacts/{{contactId}}",
    "directory_contact_team": f"{_DIRECTORY}/contacts/{{contactId}}/team",
    "directory_contact_notes": f"{_DIRECTORY}/contacts/{{contactId}}/notes",
    "directory_contact_note": f"{_DIRECTORY}/contacts/{{contactId}}/notes/{{noteId}}",
    "directory_numbers": f"{_DIRECTORY}/numbers",
    "directory_groups": f"{_DIRECTORY}/groups",
    "directory_export": f"{_DIRECTORY}/export",
    "directory_dry_run": f"{_DIRECTORY}/dry-run",
}


def _actions() -> Mapping[str, Mapping[str, Action]]:
    """Return the handlers by function name and HTTP method."""
    from contacts import api, dry_run, notes_api

    return {
        "contacts": {"GET": api.all_contacts},
        "contacts_lookup": {"POST": api.look_up},
        "contacts_pop": {"POST": api.pop_up},
        "directory_contacts": {"GET": api.contacts},
        "directory_contact": {"GET": api.contact},
        "directory_contact_team": {"GET": api.team},
        "contacts_noted": {"GET": notes_api.noted},
        "directory_contact_notes": {"GET": notes_api.read, "POST": notes_api.add},
        "directory_contact_note": {"PUT": notes_api.change, "DELETE": notes_api.remove},
        "directory_numbers": {"GET": api.numbers},
        "directory_groups": {"GET": api.groups},
        "directory_export": {"GET": api.export_chunk},
        "directory_dry_run": {"POST": dry_run.post},
    }


def blueprint(app: App) -> func.Blueprint:
    """Return a blueprint with the functions of the contacts API."""
    functions = func.Blueprint()
    for name, route in _ROUTES.items():
        register_http(app, functions, name, route, _handler(app, name))
    register_jobs(app)
    return functions


def register_jobs(app: App) -> None:
    """Register two jobs: maintenance tidies the agents' lists, and removing a directory removes its people from them."""
    app.state(MaintenanceJobs).tidying.append(_tidy_agent_lists)
    app.state(MaintenanceJobs).removals.append(_forget_directory)


async def _tidy_agent_lists(app: App, directory_id: str) -> None:
    from contacts import agent_tidying

    await agent_tidying.tidy(app, directory_id)


async def _forget_directory(app: App, directory: Directory) -> None:
    from contacts import agent_tidying

    await agent_tidying.forget_directory(app, directory)


def _handler(app: App, name: str) -> Handler:
    """Return the handler of a function. It admits only users who may see contacts, and applies their rate limit."""

    async def handle(request: Request) -> Response:
        await import_modules(
            "contacts.api", "contacts.dry_run", "contacts.notes_api", "phonenumbers"
        )
        action = select_by_method(request, _actions()[name])
        person = require_reader(request, app.settings)
        with limit_user(app, person):
            return await action(app, request, person)

    return handle
