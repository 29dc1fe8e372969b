"""Handlers of the set-up links API; only the response that creates a link has its URL."""

from directories import service, setup_link_service, status
from directories.handlers import Call
from directories.request_models import SetupLinkBody, parse_body
from directories.response_models import NewSetupLink, SetupLinkList, SetupLinkState
from directories.setup_links import SetupLink
from shared.clock import timestamp
from shared.http import Response, json_response


async def list_links(call: Call) -> Response:
    """Return the set-up links, newest first, and how far the directory's set-up has come."""
    directory = await service.read(call.app, call.account, call.directory_id)
    links = await setup_link_service.list_links(call.app, call.account, directory.id)
    glance = await status.glance(call.app, directory, last_refusal=False)
    now = timestamp(call.app.clock.now())
    content: SetupLinkList = {
        "links": [_state(link, now) for link in links],
        "stage": glance.stage,
        "people": glance.totals.users,
    }
    return json_response(content)


async def create(call: Call) -> Response:
    """Create a set-up link; only this response has its URL."""
    body = parse_body(call.request, SetupLinkBody, optional=True)
    new = await setup_link_service.create(
        call.app, call.actor, call.directory_id, purpose=body.purpose
    )
    origin = call.app.settings.public_url or call.request.origin
    state = _state(new.link, timestamp(call.app.clock.now()))
    content: NewSetupLink = {**state, "url": new.address(origin)}
    location = f"/api/directories/{new.directory.id}/links/{new.link.id}"
    return json_response(content, 201, {"Location": location})


async def revoke(call: Call) -> Response:
    """Revoke a set-up link; it can't be used from now on."""
    link_id = call.request.route["linkId"]
    await setup_link_service.revoke(call.app, call.actor, call.directory_id, link_id)
    return Response(204)


def _state(link: SetupLink, now: str) -> SetupLinkState:
    return {
        "id": link.id,
        "purpose": link.purpose,
        "state": link.state(now),
        "created": link.created,
        "expires": link.expires,
        "opened": link.opened or None,
        "refusedElsewhere": link.elsewhere or None,
        "credential": link.credential or None,
        "credentialTaken": link.credential_at or None,
        "companyConfirmed": link.accepted or None,
        "numbersTested": link.tested or None,
        "done": link.done or None,
        "revoked": link.revoked or None,
    }
