"""The functions of directories: the JSON API for administrators, `/api/directories…`, and the maintenance timer.

What they carry out is imported with their first call: a cold start for a SCIM call has no use for it.
"""

from collections.abc import Callable
from types import ModuleType

import azure.functions as func

from directories.edge import Action, handler
from shared.calls import job
from shared.functions import add_http, by_method
from shared.services import Services

MAINTENANCE_SECONDS = 20 * 60.0
_SCHEDULE = "0 7 * * * *"  # hourly, off the full hour when everybody's timers run


def blueprint(services: Services) -> func.Blueprint:
    """The functions of this feature."""
    functions = func.Blueprint()  # type: ignore[no-untyped-call, unused-ignore]

    def add(name: str, route: str, **actions: Callable[[], Action]) -> None:
        handlers = {method: handler(services, action) for method, action in actions.items()}
        add_http(functions, name, f"api/directories{route}", by_method(**handlers))

    add("directories", "", GET=lambda: _api().list_all, POST=lambda: _api().create)
    one = {"GET": lambda: _api().read, "PATCH": lambda: _api().change, "DELETE": lambda: _api().delete}
    add("directory", "/{directoryId}", **one)
    add("directory_restore", "/{directoryId}/restore", POST=lambda: _api().restore)
    add("directory_state", "/{directoryId}/state", GET=lambda: _api().read_state)
    add("directory_events", "/{directoryId}/events", GET=lambda: _api().events)
    trust = {"GET": lambda: _api().trust, "PUT": lambda: _api().set_trust, "DELETE": lambda: _api().drop_trust}
    add("directory_trust", "/{directoryId}/trust", **trust)
    of_tokens, of_secrets = "/{directoryId}/tokens", "/{directoryId}/secrets"
    add("directory_tokens", of_tokens, GET=lambda: _api().TOKENS.list_all, POST=lambda: _api().TOKENS.issue)
    add("directory_tokens_one", f"{of_tokens}/{{credentialId}}", DELETE=lambda: _api().TOKENS.revoke)
    add("directory_secrets", of_secrets, GET=lambda: _api().SECRETS.list_all, POST=lambda: _api().SECRETS.issue)
    add("directory_secrets_one", f"{of_secrets}/{{credentialId}}", DELETE=lambda: _api().SECRETS.revoke)
    _add_timer(functions, services)
    return functions


def _api() -> ModuleType:
    from directories import api

    return api


def _add_timer(functions: func.Blueprint, services: Services) -> None:
    @job("maintenance_timer")
    async def maintenance_timer(timer: func.TimerRequest) -> None:
        from directories import maintenance

        await maintenance.run(services, services.clock.monotonic() + MAINTENANCE_SECONDS)

    functions.timer_trigger(schedule=_SCHEDULE, arg_name="timer", run_on_startup=False)(maintenance_timer)
