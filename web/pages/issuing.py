"""The dialog that issues a token or client secret.

The new credential may replace a live one; the dialog then shows which one expires, and when. If it
expires at once, the dialog also shows when it was last used and asks for confirmation, because
requests with it will be refused.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from directories import credential_usage, service, store
from directories import credentials as held
from directories.credentials import CredentialType, Issued, Lifetime, Replacement
from directories.errors import InvalidField, NotThere, TooMany
from directories.models import MAX_LIVE, Directory, Token
from shared.clock import readable, timestamp
from shared.http import Response
from web.page_request import PageRequest
from web.render import dialog
from web.text_families import OVERLAP

Kind = Literal["security_token", "client_secret"]
CREDENTIAL_TYPES: dict[str, CredentialType] = {
    "security_token": "tokens",
    "client_secret": "secrets",
}
_LIFETIMES = {
    "tokens": (90, 180, 365, 730, 0),
    "secrets": (90, 180, 365, 730),
}  # days; 0: no expiry
_OVERLAPS = (1, 24, 168)  # hours
# Per place: the path that the form posts to, and the part of the page that htmx then replaces.
_PLACES = {"credentials": ("/issue", "#credentials"), "connect": ("/connect", "#main")}


@dataclass(frozen=True, slots=True)
class LiveCredential:
    """A valid credential that the new one may replace; `used` is its last use, or "" if it was never used."""

    id: str
    created: str
    used: str
    expires: str


def kind_of(fields: dict[str, str]) -> tuple[str, CredentialType]:
    """Return the form's field `kind` ("security_token" or "client_secret") and its CredentialType ("tokens" or "secrets").

    Raise NotThere if the field has another value.
    """
    kind = fields.get("kind", "")
    if kind not in CREDENTIAL_TYPES:
        raise NotThere(kind)
    return kind, CREDENTIAL_TYPES[kind]


async def ask(visit: PageRequest) -> Response:
    """Show the dialog that asks how long the old and the new credential stay valid."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    kind, _ = kind_of(visit.query)
    place = "connect" if visit.query.get("from") == "connect" else "credentials"
    return await _dialog(visit, directory, kind, place)


async def issue(
    visit: PageRequest, kind: str, place: str
) -> Issued | Response | InvalidField | TooMany:
    """Issue the credential that the submitted dialog describes.

    `place` is a key of `_PLACES`: the page that shows the result.

    Returns:
        The new credential, the dialog again if it needs a choice or a confirmation, or the fault.
    """
    credential_type, form = CREDENTIAL_TYPES[kind], visit.form
    replaces, overlap = form.get("replaces", ""), form.get("overlap", "keep")
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    live = _live(visit, directory, credential_type)
    if len(live) >= MAX_LIVE and not replaces:
        return await _dialog(visit, directory, kind, place, fault=visit.t("issue_choose"))
    victim = next((token for token in live if token.id == replaces), None)
    if overlap == "0" and victim is not None and form.get("confirm") != replaces:
        return await _dialog(visit, directory, kind, place, victim=victim)
    where = (visit.app, visit.actor, visit.directory_id, credential_type)
    try:
        if overlap == "keep":
            return await held.issue(*where, _lifetime(form))
        return await held.rotate(
            *where, Replacement(float(_number(overlap)), replaces), _lifetime(form)
        )
    except (InvalidField, TooMany) as fault:
        return fault


async def _dialog(
    visit: PageRequest,
    directory: Directory,
    kind: str,
    place: str,
    *,
    victim: Token | None = None,
    fault: str = "",
) -> Response:
    calls = await credential_usage.read(visit.app.tables, directory.id)
    shown = [
        LiveCredential(token.id, token.created, calls.used.get(token.id, ""), token.expires)
        for token in _live(visit, directory, CREDENTIAL_TYPES[kind])
    ]
    action, target = _PLACES[place]
    response = dialog(
        visit,
        "issue.html",
        directory=directory,
        kind=kind,
        place=place,
        action=f"/directories/{directory.id}{action}",
        target=target,
        live=shown,
        victim=next((one for one in shown if victim and one.id == victim.id), None),
        lifetime=visit.form.get("lifetime", "") if victim else "",
        overlaps=_overlaps(visit),
        lifetimes=_lifetimes(visit, CREDENTIAL_TYPES[kind]),
        fault=fault,
    )
    if visit.is_partial:  # the form's own target is another part of the page
        response.headers |= {
            "HX-Retarget": "#dialog",
            "HX-Reselect": "dialog",
            "HX-Reswap": "innerHTML",
        }
    return response


def _live(visit: PageRequest, directory: Directory, credential_type: CredentialType) -> list[Token]:
    at = store.now(visit.app.clock)
    return [token for token in getattr(directory, credential_type) if token.is_live(at)]


def _overlaps(visit: PageRequest) -> list[tuple[str, str]]:
    """Return the choices of how long the replaced credential stays valid, as value and text with the exact time."""
    now = visit.app.clock.now()
    timed = [
        (
            str(hours),
            visit.t(
                "overlap_until",
                period=visit.t(OVERLAP.code(hours)),
                at=readable(timestamp(now + timedelta(hours=hours))),
            ),
        )
        for hours in _OVERLAPS
    ]
    return [("keep", visit.t("overlap_keep")), *timed, ("0", visit.t("overlap_0"))]


def _lifetimes(visit: PageRequest, credential_type: CredentialType) -> list[tuple[int, str, bool]]:
    """Return the choices of lifetimes as tuples.

    A tuple has the days (0 for no expiry), the text with the exact time, and whether the choice is the
    default.
    """
    usual = (
        visit.settings.token_lifetime_days
        if credential_type == "tokens"
        else held.SECRET_LIFETIME_DAYS
    )
    days = sorted({*_LIFETIMES[credential_type], usual} - {0})
    if credential_type == "tokens":
        days.append(0)
    now = visit.app.clock.now()
    return [
        (
            one,
            visit.counted("lifetime_days", one, at=readable(timestamp(now + timedelta(days=one))))
            if one
            else visit.t("lifetime_none"),
            one == usual,
        )
        for one in days
    ]


def _lifetime(form: dict[str, str]) -> Lifetime:
    days = form.get("lifetime", "")
    if not days:
        return "default"
    return _number(days) or None


def _number(text: str) -> int:
    """Parse a choice of the dialog as a number; return 0 if it isn't one."""
    return int(text[:7]) if text.isascii() and text.isdecimal() else 0
