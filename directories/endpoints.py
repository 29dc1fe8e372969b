"""The functions of directories: the JSON API for administrators, `/api/directories…`, and the maintenance timer.

What they carry out is imported with their first call: a cold start for a SCIM call has no use for it.
"""

from typing import TYPE_CHECKING

import azure.functions as func

from directories.handlers import Action, handler
from shared.app import App
from shared.azure_functions import method_dispatcher, register_http
from shared.instrumentation import job
from shared.later import Later

if TYPE_CHECKING:
    from directories import api, maintenance
else:
    api, maintenance = Later("directories.api"), Later("directories.maintenance")

MAINTENANCE_SECONDS = 20 * 60.0
_SCHEDULE = "0 7 * * * *"  # hourly, off the full hour when everybody's timers run


def blueprint(app: App) -> func.Blueprint:
    """The functions of this feature."""
    functions = func.Blueprint()  # type: ignore[no-untyped-call, unused-ignore]

    def add(name: str, route: str, **actions: Action) -> None:
        handlers = {method: handler(app, action) for method, action in actions.items()}
        register_http(functions, name, f"api/directories{route}", method_dispatcher(**handlers))

    add("directories", "", GET=api.list_all, POST=api.create)
    one = {"GET": api.read, "PATCH": api.change, "DELETE": api.delete}
    add("directory", "/{directoryId}", **one)
    add("directory_restore", "/{directoryId}/restore", POST=api.restore)
    add("directory_state", "/{directoryId}/state", GET=api.read_state)
    add("directory_events", "/{directoryId}/events", GET=api.events)
    trust = {"GET": api.trust, "PUT": api.set_trust, "DELETE": api.drop_trust}
    add("directory_trust", "/{directoryId}/trust", **trust)
    of_tokens, of_secrets = "/{directoryId}/tokens", "/{directoryId}/secrets"
    add("directory_tokens", of_tokens, GET=api.list_tokens, POST=api.issue_token)
    add("directory_tokens_one", f"{of_tokens}/{{credentialId}}", DELETE=api.revoke_token)
    add("directory_secrets", of_secrets, GET=api.list_secrets, POST=api.issue_secret)
    add("directory_secrets_one", f"{of_secrets}/{{credentialId}}", DELETE=api.revoke_secret)
    _add_timer(functions, app)
    return functions


def _add_timer(functions: func.Blueprint, app: App) -> None:
    @job("maintenance_timer")
    async def maintenance_timer(timer: func.TimerRequest) -> None:
        await maintenance.run(app, app.clock.monotonic() + MAINTENANCE_SECONDS)

    functions.timer_trigger(schedule=_SCHEDULE, arg_name="timer", run_on_startup=False)(
        maintenance_timer
    )
