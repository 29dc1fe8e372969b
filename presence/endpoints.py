"""The functions of presence: the timer, the queues, the API of a directory's connection, and the health check.

The first request imports `presence.api`, because a cold start for a SCIM request doesn't need it.
"""

import azure.functions as func

from directories.audit import LINK_ACTOR, Actor
from directories.hooks import FaultSources, LinkRevocations, MaintenanceJobs, Severity
from directories.kind_change import KindReasons
from directories.models import Directory
from directories.rate_limits import limit_user
from presence import triggers
from shared.app import App
from shared.azure_functions import method_dispatcher, register_http, within
from shared.concurrency import import_modules
from shared.easy_auth import require_admin
from shared.http import Request, Response
from shared.messages import Message

_MAX_HEALTH_SECONDS = 5.0


async def _severity(app: App, directory: Directory) -> Severity:
    """Return how soon an administrator must act because of the directory's presence."""
    from presence.consent import status

    return await status.severity(app, directory)


async def _keeps_kind(app: App, directory_id: str) -> Message | None:
    """Return why the directory must keep its kind, None if no tenant is connected."""
    from presence import tenant_links

    link = await tenant_links.directory(app.tables, directory_id)
    if link is None or link.state == "removed":
        return None
    return Message("kind_fixed_presence")


async def _drop_consent_of_link(app: App, actor: Actor, directory_id: str, link_id: str) -> None:
    """Remove a pending consent that was confirmed through the revoked set-up link."""
    from presence.consent import probe

    await probe.drop_pending(app, actor, directory_id, f"{LINK_ACTOR}{link_id}")


async def _sweep_quotas(app: App, deadline: float) -> None:
    from presence.consent import quotas

    await quotas.sweep(app, deadline)


def blueprint(app: App) -> func.Blueprint:
    """Return a blueprint with the timer, the queues and the HTTP functions of presence."""
    functions = func.Blueprint()
    triggers.add(functions, app)
    app.state(FaultSources).sources.append(_severity)
    app.state(KindReasons).reasons.append(_keeps_kind)
    app.state(MaintenanceJobs).jobs.append(_sweep_quotas)
    app.state(LinkRevocations).revocations.append(_drop_consent_of_link)

    async def read(request: Request) -> Response:
        await import_modules("presence.api")
        from presence import api

        person = require_admin(request, app.settings)
        with limit_user(app, person):
            return await api.read(app, person, request)

    async def act(request: Request) -> Response:
        await import_modules("presence.api")
        from presence import api

        person = require_admin(request, app.settings)
        with limit_user(app, person):
            return await api.act(app, person, request)

    async def health(request: Request) -> Response:
        await import_modules("presence.api")
        from presence import api

        return await api.tell_health(app, request)

    route = "api/directories/{directoryId}/presence"
    register_http(
        app, functions, "presence_connection", route, method_dispatcher(GET=read, POST=act)
    )
    limited = within(app, _MAX_HEALTH_SECONDS, method_dispatcher(GET=health))
    register_http(app, functions, "presence_health", "health", limited)
    return functions
