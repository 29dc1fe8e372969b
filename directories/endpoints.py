"""The functions of directories: the JSON API for administrators, `/api/directories…`, and the maintenance timer.

The first request imports the modules with the handlers, because a cold start for a SCIM request
doesn't need them.
"""

from collections.abc import Mapping

import azure.functions as func

from directories.handlers import Action, respond
from shared.app import App
from shared.azure_functions import Handler, job, register_http
from shared.concurrency import import_modules
from shared.http import Request, Response, select_by_method

MAINTENANCE_SECONDS = 20 * 60.0
_SCHEDULE = "0 7 * * * *"  # hourly, but not on the hour, when many other timers run
_DIRECTORY = "api/directories/{directoryId}"
_ROUTES = {
    "directories": "api/directories",
    "audit": "api/audit",
    "directory": _DIRECTORY,
    "directory_restore": f"{_DIRECTORY}/restore",
    "directory_state": f"{_DIRECTORY}/state",
    "directory_events": f"{_DIRECTORY}/events",
    "directory_inspector": f"{_DIRECTORY}/inspector",
    "directory_audit": f"{_DIRECTORY}/audit",
    "directory_trust": f"{_DIRECTORY}/trust",
    "directory_tokens": f"{_DIRECTORY}/tokens",
    "directory_tokens_one": f"{_DIRECTORY}/tokens/{{credentialId}}",
    "directory_secrets": f"{_DIRECTORY}/secrets",
    "directory_links": f"{_DIRECTORY}/links",
    "directory_links_one": f"{_DIRECTORY}/links/{{linkId}}",
    "directory_secrets_one": f"{_DIRECTORY}/secrets/{{credentialId}}",
}


def _actions() -> Mapping[str, Mapping[str, Action]]:
    """Return the handlers of each function, by function name and method."""
    from directories import api, audit_api, setup_link_api

    return {
        "directories": {"GET": api.list_all, "POST": api.create},
        "directory": {"GET": api.read, "PATCH": api.change, "DELETE": api.delete},
        "directory_restore": {"POST": api.restore},
        "directory_state": {"GET": api.read_state},
        "directory_events": {"GET": api.events},
        "directory_inspector": {
            "GET": api.inspected,
            "PUT": api.begin_inspection,
            "DELETE": api.end_inspection,
        },
        "audit": {"GET": audit_api.of_account},
        "directory_audit": {"GET": audit_api.of_directory},
        "directory_trust": {"GET": api.trust, "PUT": api.set_trust, "DELETE": api.drop_trust},
        "directory_tokens": {"GET": api.list_tokens, "POST": api.issue_token},
        "directory_tokens_one": {"DELETE": api.revoke_token},
        "directory_secrets": {"GET": api.list_secrets, "POST": api.issue_secret},
        "directory_links": {"GET": setup_link_api.list_links, "POST": setup_link_api.create},
        "directory_links_one": {"DELETE": setup_link_api.revoke},
        "directory_secrets_one": {"DELETE": api.revoke_secret},
    }


def blueprint(app: App) -> func.Blueprint:
    """Return a blueprint with the functions of this feature."""
    functions = func.Blueprint()  # type: ignore[no-untyped-call, unused-ignore]
    for name, route in _ROUTES.items():
        register_http(app, functions, name, route, _handler(app, name))
    _add_timer(functions, app)
    return functions


def _handler(app: App, name: str) -> Handler:
    async def handle(request: Request) -> Response:
        await import_modules(
            "directories.api", "directories.audit_api", "directories.setup_link_api"
        )
        return await respond(app, request, select_by_method(request, _actions()[name]))

    return handle


def _add_timer(functions: func.Blueprint, app: App) -> None:
    @job(app, "maintenance_timer")
    async def maintenance_timer(timer: func.TimerRequest) -> None:
        from directories import maintenance

        await maintenance.run(app, app.clock.monotonic() + MAINTENANCE_SECONDS)

    functions.timer_trigger(schedule=_SCHEDULE, arg_name="timer", run_on_startup=False)(
        maintenance_timer
    )
