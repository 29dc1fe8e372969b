"""Wizard, step 2: the token, shown once; the values for the identity provider; the progress (live line)."""

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from directories import credential_usage, service, status, store
from directories.credentials import Issued
from directories.models import Directory
from directories.serializers import scim_base_url
from directories.status import DirectoryStatus
from presence.service import first_external_ids
from shared.http import Response
from web import translations
from web.page_request import PageRequest
from web.pages import attribute_mapping, issuing, wizard_steps
from web.render import page
from web.text_families import GUIDE_ENTRA, GUIDE_OTHER

_MAX_EXAMPLE = 60  # characters
_GUIDES = {"entra": GUIDE_ENTRA, "other": GUIDE_OTHER}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the live line; `state` is "reached", "now" or "ahead"."""

    state: str
    words: str
    detail: str = ""
    at: str = ""


async def show(visit: PageRequest) -> Response:
    """Show step 2 without a token, because an existing token is never shown again."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return await step(visit, directory)


async def new_token(visit: PageRequest) -> Response:
    """Issue another token; only this response contains it.

    If it replaces a token that would then expire at once, ask for confirmation first.
    """
    done = await issuing.issue(visit, "security_token", "connect")
    if isinstance(done, Response):
        return done
    if isinstance(done, Issued):
        return await step(visit, done.directory, done.plain)
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return await step(visit, directory, fault=visit.text(done.message))


async def step(
    visit: PageRequest, directory: Directory, token: str = "", fault: str = ""
) -> Response:
    """Show step 2; `token` is a new token to show, or ""."""
    live_tokens = [one for one in directory.tokens if one.is_live(store.now(visit.app.clock))]
    values: dict[str, Any] = {
        "directory": directory,
        "token": token,
        "token_fault": fault,
        "token_created": live_tokens[-1].created if live_tokens else "",
        "base_url": scim_base_url(visit.app, visit.request.origin, directory.id),
        "mapping": attribute_mapping.ENTRA
        if directory.kind == "entra"
        else attribute_mapping.OTHER,
        "guide": guide_of(visit, directory),
        "links": wizard_steps.links(directory),
        "live": await live_line(visit, directory, f"/directories/{directory.id}/live"),
        "done": await wizard_steps.done(visit, directory),
    }
    headers = (
        {"HX-Push-Url": f"/directories/{directory.id}/connect"}
        if token and visit.is_partial
        else {}
    )
    return page(visit, "connect.html", headers=headers, **values)


def guide_of(visit: PageRequest, directory: Directory) -> list[str]:
    """Return the steps to do in the identity provider, as texts with placeholders."""
    guide = _GUIDES[directory.kind]
    return [visit.pattern(guide.code(step)) for step in sorted(guide.members)]


async def next_steps(visit: PageRequest, directory: Directory) -> dict[str, Any]:
    """Return the steps that remain in the identity provider before people are provisioned.

    The keys are "base_url", "guide" (texts) and "live" (as from `live_line`).
    """
    return {
        "base_url": scim_base_url(visit.app, visit.request.origin, directory.id),
        "guide": guide_of(visit, directory),
        "live": await live_line(visit, directory, f"/directories/{directory.id}/live"),
    }


async def live(visit: PageRequest) -> Response:
    """Return the progress of provisioning (live line); 204 if it hasn't changed."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    if not visit.is_partial:
        return visit.go(f"/directories/{directory.id}/connect")
    found = await live_line(visit, directory, f"/directories/{directory.id}/live")
    if visit.query.get("seen") == found["mark"]:
        return Response(204)
    shown_on = urlsplit(visit.request.headers.get("hx-current-url", "")).path
    if found["has_people"] and shown_on == f"/directories/{directory.id}":
        return visit.go(shown_on, visit.t("people_arrived"))  # the page's next steps are done
    return page(visit, "live.html", directory=directory, live=found)


async def live_line(visit: PageRequest, directory: Directory, address: str) -> dict[str, Any]:
    """Return the values for the template of the live line: stages, last refusal, and wrong external IDs.

    `address` is the address from which the page requests the line again. `mark` changes when the
    content does.
    """
    glance = await status.glance(visit.app, directory)
    stages = _stages(visit, glance)
    refusal = _refusal(visit, glance)
    ids = await _wrong_ids(visit, directory, glance)
    mark = hashlib.sha256(repr((stages, refusal, ids)).encode()).hexdigest()[:12]
    return {
        "address": address,
        "stages": stages,
        "refusal": refusal,
        "wrong_ids": ids,
        "mark": mark,
        "has_people": glance.stage == "provisioning",
        "settled": glance.stage == "provisioning" and not refusal and not ids,
    }


async def _wrong_ids(
    visit: PageRequest, directory: Directory, glance: DirectoryStatus
) -> dict[str, str] | None:
    """Return a warning (title and remedy) if people have external IDs that aren't object IDs, else None.

    Presence can be requested by object ID only (learn.microsoft.com/graph/api/presence-get).
    """
    if directory.kind != "entra" or glance.stage != "provisioning":
        return None
    others = (await first_external_ids(visit.app, directory.id)).others
    if not others:
        return None
    example = others[0] if len(others[0]) <= _MAX_EXAMPLE else f"{others[0][:_MAX_EXAMPLE]}…"
    return {
        "title": visit.counted("ids_wrong", len(others), example=example),
        "remedy": visit.t("ids_wrong_remedy"),
    }


def _stages(visit: PageRequest, glance: DirectoryStatus) -> list[Stage]:
    reached = {"waiting": 0, "connected": 1, "provisioning": 2}[glance.stage]
    waiting = Stage("now", visit.t("stage_waiting"), visit.t("live_listening"))
    called = Stage("reached", visit.t("live_called"), at=glance.last_call)
    tested = Stage("reached", visit.t("live_test_done"))
    people = Stage(
        "reached", visit.t("live_person_done"), visit.counted("live_people", glance.totals.users)
    )
    return [
        called if reached else waiting,
        tested if reached else Stage("ahead", visit.t("live_test")),
        people if reached > 1 else Stage("now" if reached else "ahead", visit.t("live_person")),
    ]


def _refusal(visit: PageRequest, glance: DirectoryStatus) -> dict[str, str] | None:
    if glance.denied:
        reason = glance.denied.reason
        return {
            "title": visit.t("live_refused"),
            "at": glance.denied.at,
            "detail": credential_usage.DENIED.text(reason, visit.language),
            "remedy": credential_usage.DENIED_REMEDY.text(reason, visit.language),
        }
    if glance.last_refusal:
        event = glance.last_refusal.event
        title = (
            f"{visit.t('live_refused')}: {event.name}" if event.name else visit.t("live_refused")
        )
        detail = translations.event_detail(visit, event)
        return {
            "title": title,
            "at": event.at,
            "detail": detail,
            "remedy": translations.event_remedy(visit, event),
        }
    return None
