"""HTTP handlers of presence: the API of a directory's connection, and the health check."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal, get_args

from directories.audit import person_actor
from directories.errors import NotThere
from presence import health
from presence.consent import service
from presence.consent.revocation import Removal
from presence.consent.status import Connection
from presence.instance import runtime_of
from presence.response_models import (
    Action,
    ConnectionChecked,
    PresenceStatus,
    RemovalChecked,
    SignInStarted,
)
from shared.app import App
from shared.easy_auth import Principal
from shared.http import (
    FORM,
    HttpError,
    Request,
    Response,
    check_same_origin,
    form_body,
    json_body,
    json_response,
)
from shared.ids import is_guid
from shared.messages import Message
from shared.tables.port import StorageUnavailable
from shared.version import VERSION

ACTIONS: tuple[str, ...] = get_args(Action)


async def read(app: App, person: Principal, request: Request) -> Response:
    """Return the state of the directory's connection, and how the company removes the app's access."""
    directory_id = request.route["directoryId"]
    try:
        found = await service.read(app, person, directory_id)
        left = await service.how_to_remove(app, person, directory_id)
    except NotThere:
        raise _not_there() from None
    shown: PresenceStatus = {**found.as_json(), "removal": left.as_json() if left else None}
    return json_response(shown)


async def act(app: App, person: Principal, request: Request) -> Response:
    """Carry out an action on the connection.

    The body is JSON, `{"action": …}`, or a form with `action=…`. The response to a form with
    `connect` is a 303 to Microsoft's sign-in; other responses are JSON.
    """
    check_same_origin(request, app.settings.public_url)
    is_form = request.headers.get("content-type", "").startswith(FORM)
    body = _body(request, is_form=is_form)
    try:
        return await _carry_out(app, person, request, body, is_form=is_form)
    except NotThere:
        raise _not_there() from None


async def _carry_out(
    app: App, person: Principal, request: Request, body: Mapping[str, Any], *, is_form: bool
) -> Response:
    directory_id = request.route["directoryId"]
    actor = person_actor(person, request)
    match body["action"]:
        case "connect":
            must_confirm = body.get("confirm") in (True, "true")
            location, headers = await service.connect(
                app, actor, directory_id, request, must_confirm=must_confirm
            )
            if is_form:
                return Response(303, b"", {"Location": location, **headers})
            started: SignInStarted = {"action": "connect", "location": location}
            return json_response(started, headers=headers)
        case "check":
            found = await service.check(app, actor, directory_id)
            return json_response(_checked("check", found, None))
        case "confirm":
            found = await service.confirm(app, actor, directory_id, _tenant_id(body))
            return json_response(_checked("confirm", found, None))
        case "retry":
            found = await service.retry(app, actor, directory_id)
            return json_response(_checked("retry", found, None))
        case "remove":
            found, left = await service.remove(app, actor, directory_id)
            return json_response(_checked("remove", found, left))
        case _:
            checked = await service.check_gone(app, actor, directory_id)
            result: RemovalChecked = {
                "action": "check-gone",
                "gone": checked.gone,
                "sentence": checked.message.text(),
            }
            return json_response(result)


def _checked(
    action: Literal["check", "confirm", "retry", "remove"], found: Connection, left: Removal | None
) -> ConnectionChecked:
    removal = left.as_json() if left else None
    return {**found.as_json(), "action": action, "removal": removal}


def _body(request: Request, *, is_form: bool) -> Mapping[str, Any]:
    body: Any = dict(form_body(request)) if is_form else json_body(request, 4096)
    if not isinstance(body, dict) or body.get("action") not in ACTIONS:
        raise HttpError(400, Message("action_unknown", known=", ".join(ACTIONS)), field="action")
    return body


def _tenant_id(body: Mapping[str, Any]) -> str:
    """Return the tenant ID in the body, in lower case; raise HttpError 400 if it isn't one."""
    tenant_id = str(body.get("tenantId", "")).lower()
    if not is_guid(tenant_id):
        raise HttpError(400, Message("not_a_guid", field="tenantId"), field="tenantId")
    return tenant_id


async def tell_health(app: App, request: Request) -> Response:
    """Return whether the app works: 200, or 503 if storage, timer or queue don't.

    With `?strict=1`, a stale tenant is a 503 too. With `?credential=1`, used by the smoke test of a
    deployment, it also tests at Microsoft, at most once a minute per instance, whether the app's
    own credential is accepted and whether names of companies can be read.
    """
    about = {"version": VERSION, "signIn": "on" if app.settings.platform_sign_in else "off"}
    try:
        found = await health.read(app)
    except StorageUnavailable as error:
        checks = {"storage": {"ok": False, "reason": _storage_reason(error)}}
        return json_response(
            {"status": "failing", **about, "checks": checks},
            503,
            {"Retry-After": str(error.retry_after)},
        )
    engine = "azure-tables" if app.settings.tables.startswith("https://") else "local"
    checks = {"storage": {"ok": True, "engine": engine}, **found.checks}
    if request.query.get("credential"):
        credential, company_names = await asyncio.gather(
            _own_credential(app), runtime_of(app).names.probe()
        )
        checks["credential"] = credential
        checks["companyNames"] = {"ok": True, "state": company_names}
    works = all(checks[name]["ok"] for name in ("timer", "queue"))
    status = 503 if not works or (not found.is_well and request.query.get("strict")) else 200
    word = "ok" if found.is_well else ("degraded" if works else "failing")
    return json_response({"status": word, **about, "checks": checks}, status)


def _storage_reason(error: StorageUnavailable) -> str:
    """Return `forbidden` if the app's identity has no role on the account (yet), else `unavailable`."""
    return "forbidden" if "status 403" in str(error) else "unavailable"


async def _own_credential(app: App) -> dict[str, Any]:
    """Return the check of the app's own credential: whether Microsoft issues a token for the home tenant.

    `state` is `accepted`, `not_set_up`, or the reason of the failure.
    """
    runtime = runtime_of(app)
    if not runtime.credential.is_set_up or not app.settings.home_tenant_id:
        return {"ok": True, "state": "not_set_up"}
    reason = await runtime.control.own_failure()
    return {"ok": reason is None, "state": reason or "accepted"}


def _not_there() -> HttpError:
    return HttpError(404, Message("directory_not_found"))
