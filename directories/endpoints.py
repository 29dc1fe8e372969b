"""The JSON API of directories, for administrators: `/api/directories…` and the maintenance timer."""

from types import ModuleType

import azure.functions as func

from directories import credentials, last_calls, maintenance, provisioning_log, removal, service, state, views
from directories.credentials import Sort
from directories.directory import Trust
from directories.edge import Action, Call, answer, expected, handler
from directories.faults import BadField
from directories.kinds import KINDS
from directories.service import NewDirectory
from shared.calls import job
from shared.functions import add_http, by_method
from shared.http import Response, json_response
from shared.services import Services

_MAX_LINES = 200
_MAX_WORDS = 250
MAINTENANCE_SECONDS = 20 * 60.0
_SCHEDULE = "0 7 * * * *"  # hourly, off the full hour when everybody's timers run


def _bodies() -> ModuleType:
    """The models of the bodies; pydantic is imported by the first call that has one, not by a cold start."""
    from directories import bodies

    return bodies


def blueprint(services: Services) -> func.Blueprint:
    """The functions of this feature."""
    functions = func.Blueprint()  # type: ignore[no-untyped-call, unused-ignore]

    def add(name: str, route: str, **actions: Action) -> None:
        handlers = {method: handler(services, action) for method, action in actions.items()}
        add_http(functions, name, f"api/directories{route}", by_method(**handlers))

    add("directories", "", GET=_list, POST=_create)
    add("directory", "/{directoryId}", GET=_read, PATCH=_change, DELETE=_delete)
    add("directory_restore", "/{directoryId}/restore", POST=_restore)
    add("directory_state", "/{directoryId}/state", GET=_state)
    add("directory_events", "/{directoryId}/events", GET=_events)
    add("directory_trust", "/{directoryId}/trust", GET=_trust, PUT=_set_trust, DELETE=_drop_trust)
    sorts: tuple[Sort, ...] = ("tokens", "secrets")
    for sort in sorts:
        listing, issuing, revoking = _credential_actions(sort)
        add(f"directory_{sort}", f"/{{directoryId}}/{sort}", GET=listing, POST=issuing)
        add(f"directory_{sort}_one", f"/{{directoryId}}/{sort}/{{credentialId}}", DELETE=revoking)
    _add_timer(functions, services)
    return functions


def _add_timer(functions: func.Blueprint, services: Services) -> None:
    @job("maintenance_timer")
    async def maintenance_timer(timer: func.TimerRequest) -> None:
        await maintenance.run(services, services.clock.monotonic() + MAINTENANCE_SECONDS)

    functions.timer_trigger(schedule=_SCHEDULE, arg_name="timer", run_on_startup=False)(maintenance_timer)


async def _list(call: Call) -> Response:
    found = await service.list_directories(call.services, call.account)
    gone = await removal.restorable(call.services, call.account) if "deleted" in call.request.query else []
    listed = [views.brief(call.services, call.request, directory) for directory in found]
    deleted = [{"id": each.id, "name": each.name, "deleted": each.deleted} for each in gone]
    return json_response({"directories": listed, **({"deleted": deleted} if "deleted" in call.request.query else {})})


async def _create(call: Call) -> Response:
    body = _bodies().read_body(call.request, _bodies().NewDirectoryBody)
    new = NewDirectory(body.name, body.kind, body.region, body.strict_numbers)
    directory, plain = await service.create(call.services, call.account, new)
    content = {**views.full(call.services, call.request, directory), "token": plain}
    return answer(directory, content, 201, {"Location": f"/api/directories/{directory.id}"})


async def _read(call: Call) -> Response:
    directory = await service.read(call.services, call.account, call.directory_id)
    calls = await last_calls.read(call.services.tables, directory.id)
    return answer(directory, views.full(call.services, call.request, directory, calls))


async def _change(call: Call) -> Response:
    body = _bodies().read_body(call.request, _bodies().ChangeBody)
    settings = body.model_dump(include=body.model_fields_set)
    directory = await service.set_up(call.services, call.account, call.directory_id, await expected(call), **settings)
    return answer(directory, views.full(call.services, call.request, directory))


async def _delete(call: Call) -> Response:
    await removal.delete(call.services, call.account, call.directory_id, await expected(call))
    seconds = int(removal.UNDO.total_seconds())
    restore = f"/api/directories/{call.directory_id}/restore"
    return json_response({"state": "deleting", "restorable_seconds": seconds, "restore": restore}, 202)


async def _restore(call: Call) -> Response:
    directory = await removal.restore(call.services, call.account, call.directory_id)
    return answer(directory, views.full(call.services, call.request, directory))


async def _state(call: Call) -> Response:
    directory = await service.read(call.services, call.account, call.directory_id)
    found = await state.glance(call.services, directory)
    return json_response(views.glance(found))


async def _events(call: Call) -> Response:
    directory = await service.read(call.services, call.account, call.directory_id)
    query = call.request.query
    wanted = provisioning_log.Wanted(_words(query, "person"), _kinds(query), _words(query, "text"))
    page = await provisioning_log.read(
        call.services, directory.id, views.read_cursor(query.get("before", "")), _limit(query), wanted
    )
    return json_response(views.log(page))


async def _trust(call: Call) -> Response:
    directory = await service.read(call.services, call.account, call.directory_id)
    return answer(directory, {"trust": views.trust(directory)})


async def _set_trust(call: Call) -> Response:
    body = _bodies().read_body(call.request, _bodies().TrustBody)
    trust = Trust(body.tenant_id, body.subject, tuple(body.audiences))
    directory = await credentials.set_trust(call.services, call.account, call.directory_id, trust)
    return answer(directory, {"trust": views.trust(directory)})


async def _drop_trust(call: Call) -> Response:
    await credentials.set_trust(call.services, call.account, call.directory_id, None)
    return Response(204)


def _credential_actions(sort: Sort) -> tuple[Action, Action, Action]:
    """List, issue or rotate, and revoke: the same for tokens and client secrets."""

    async def listing(call: Call) -> Response:
        directory = await service.read(call.services, call.account, call.directory_id)
        calls = await last_calls.read(call.services.tables, directory.id)
        return answer(directory, {sort: views.credentials(call.services, getattr(directory, sort), calls)})

    async def issuing(call: Call) -> Response:
        body = _bodies().read_body(call.request, _bodies().IssueBody, optional=True)
        services, place = call.services, (call.account, call.directory_id)
        if body.overlap_hours is None:
            done = await credentials.issue(services, *place, sort, body.expires_in_days)
        else:
            done = await credentials.rotate(services, *place, sort, body.overlap_hours, body.expires_in_days)
        directory, made, plain = done
        shown = next(each for each in views.credentials(services, getattr(directory, sort)) if each["id"] == made.id)
        name = "token" if sort == "tokens" else "secret"
        content = {**shown, name: plain, "client_id": directory.id}
        return answer(directory, content, 201, {"Location": f"/api/directories/{directory.id}/{sort}/{made.id}"})

    async def revoking(call: Call) -> Response:
        token_id = call.request.route["credentialId"]
        await credentials.revoke(call.services, call.account, call.directory_id, sort, token_id)
        return Response(204)

    return listing, issuing, revoking


def _words(query: dict[str, str], name: str) -> str:
    """What to look for; it is compared with thousands of events, so it is short."""
    text = query.get(name, "").strip()
    if len(text) > _MAX_WORDS:
        raise BadField(name, f"has {len(text)} characters", f"Search with at most {_MAX_WORDS} characters.")
    return text


def _kinds(query: dict[str, str]) -> frozenset[str]:
    """The kinds of events asked for; `refused=1` is short for the kind *refused*."""
    kind = "refused" if query.get("refused", "") in ("1", "true") else query.get("kind", "")
    if kind and kind not in KINDS:
        raise BadField("kind", f'is "{kind[:20]}"', f"Give one of {', '.join(KINDS)}.")
    return KINDS.get(kind, frozenset())


def _limit(query: dict[str, str]) -> int:
    text = query.get("limit", "50")
    if not (text.isascii() and text.isdecimal() and len(text) < 8 and 1 <= int(text) <= _MAX_LINES):
        raise BadField("limit", f'is "{text[:20]}"', f"Give a number from 1 to {_MAX_LINES}.")
    return int(text)
