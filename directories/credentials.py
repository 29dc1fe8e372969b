"""Security tokens, client secrets and the trusted identity of a directory: issue, rotate, revoke.

At most two tokens (and two secrets) are live at a time, so that the new one can be put in place before the old one
ends. An ended credential is kept for a while, so that the page can tell that Entra still uses a revoked token.
"""

import dataclasses
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from directories import provisioning_log, service, store, tokens
from directories.audit import Actor
from directories.errors import InvalidField, NotThere, TooMany
from directories.models import MAX_LIVE, Directory, Token, TrustedIdentity
from shared.app import App
from shared.clock import timestamp
from shared.messages import Message, Param

Sort = Literal["tokens", "secrets"]
MAX_LIFETIME_DAYS = 1095
MAX_OVERLAP_HOURS = 24 * 30
SECRET_LIFETIME_DAYS = 730  # Microsoft's gallery asks for one to three years
_MAX_ENDED = 5
_MAX_AUDIENCES = 5
_MAX_SUBJECT = 255  # characters of `sub` (OpenID Connect Core 1.0, section 2)
_PREFIXES = {"tokens": tokens.TOKEN_PREFIX, "secrets": tokens.SECRET_PREFIX}
_NAMES = {"tokens": "token", "secrets": "secret"}  # in the kinds of events
_ISSUER = re.compile(r"(?:https://|http://(?:localhost|127\.0\.0\.1)[:/])[\x21-\x7e]{1,490}")
_ADDRESS = re.compile(r"https?://[a-z0-9.:-]{1,260}/[\x21-\x7e]{0,490}", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def issue(
    app: App,
    actor: Actor,
    directory_id: str,
    sort: Sort,
    lifetime_days: int | None = None,
) -> tuple[Directory, Token, str]:
    """Add a token or secret to the live ones and return it with its plain text; raise TooMany if two are live."""
    token, plain = _made(app, sort, lifetime_days)

    def altered(directory: Directory) -> Directory:
        live, ended = _divided(app, directory, sort)
        if len(live) >= MAX_LIVE:
            raise TooMany
        return _with(directory, sort, (*live, token), ended)

    return await _issued(app, actor, directory_id, sort, token, altered), token, plain


async def rotate(
    app: App,
    actor: Actor,
    directory_id: str,
    sort: Sort,
    overlap_hours: float,
    lifetime_days: int | None = None,
) -> tuple[Directory, Token, str]:
    """Return a new token or secret in place of the newest, which lives on for `overlap_hours`; any older one ends now."""
    if not 0 <= overlap_hours <= MAX_OVERLAP_HOURS:
        hours = f"{overlap_hours:g}"
        raise InvalidField(
            "overlapHours",
            Message("overlap_out_of_range", hours=hours, most=MAX_OVERLAP_HOURS),
        )
    token, plain = _made(app, sort, lifetime_days)
    until = timestamp(app.clock.now() + timedelta(hours=overlap_hours))

    def altered(directory: Directory) -> Directory:
        live, ended = _divided(app, directory, sort)
        newest = [_ending(each, until) for each in live[-1:]]
        older = [_revoked(app, each) for each in live[:-1]]
        if overlap_hours == 0:
            older, newest = [*older, *(_revoked(app, each) for each in live[-1:])], []
        return _with(directory, sort, (*newest, token), (*ended, *older))

    return await _issued(app, actor, directory_id, sort, token, altered), token, plain


async def revoke(app: App, actor: Actor, directory_id: str, sort: Sort, token_id: str) -> Directory:
    """End the token or secret at once, on other instances within 30 seconds; raise NotThere."""

    def altered(directory: Directory) -> Directory:
        held: tuple[Token, ...] = getattr(directory, sort)
        if all(token.id != token_id for token in held):
            raise NotThere(token_id)
        changed = tuple(_revoked(app, token) if token.id == token_id else token for token in held)
        return dataclasses.replace(directory, **{sort: changed})  # type: ignore[arg-type]

    directory = await service.change(app, actor, directory_id, altered)
    await provisioning_log.happened(app, directory_id, f"{_NAMES[sort]}.revoked", token_id)
    return directory


async def set_trust(
    app: App, actor: Actor, directory_id: str, trust: TrustedIdentity | None
) -> Directory:
    """Trust this identity's assertions, or (None) no longer any. Raises InvalidField."""
    checked = _checked(app, trust) if trust else None
    directory = await service.change(
        app,
        actor,
        directory_id,
        lambda directory: dataclasses.replace(directory, trust=checked),
    )
    await provisioning_log.happened(app, directory_id, "trust.set" if checked else "trust.removed")
    return directory


async def _issued(
    app: App,
    actor: Actor,
    directory_id: str,
    sort: Sort,
    token: Token,
    altered: service.Change,
) -> Directory:
    directory = await service.change(app, actor, directory_id, altered)
    await provisioning_log.happened(app, directory_id, f"{_NAMES[sort]}.issued", token.id)
    return directory


def _made(app: App, sort: Sort, lifetime_days: int | None) -> tuple[Token, str]:
    if lifetime_days is not None and not 1 <= lifetime_days <= MAX_LIFETIME_DAYS:
        raise InvalidField(
            "expiresInDays",
            Message("lifetime_out_of_range", days=lifetime_days, most=MAX_LIFETIME_DAYS),
        )
    if lifetime_days is None and sort == "secrets":
        lifetime_days = SECRET_LIFETIME_DAYS
    plain, now = tokens.new_secret(_PREFIXES[sort]), app.clock.now()
    expires = timestamp(now + timedelta(days=lifetime_days)) if lifetime_days else ""
    return Token(tokens.new_short_id(), tokens.digest(plain), timestamp(now), expires), plain


def _divided(app: App, directory: Directory, sort: Sort) -> tuple[list[Token], list[Token]]:
    """Live tokens, oldest first, and ended ones."""
    held: tuple[Token, ...] = getattr(directory, sort)
    now = store.now(app.clock)
    return [token for token in held if token.is_live(now)], [
        token for token in held if not token.is_live(now)
    ]


def _with(
    directory: Directory, sort: Sort, live: Sequence[Token], ended: Sequence[Token]
) -> Directory:
    return dataclasses.replace(directory, **{sort: (*ended[-_MAX_ENDED:], *live)})  # type: ignore[arg-type]


def _revoked(app: App, token: Token) -> Token:
    return (
        token
        if token.revoked
        else dataclasses.replace(token, expires=store.now(app.clock), revoked=True)
    )


def _ending(token: Token, until: str) -> Token:
    """Return the token with its end at `until`, or earlier if it was to end earlier."""
    return dataclasses.replace(token, expires=min(token.expires or until, until))


def _checked(app: App, trust: TrustedIdentity) -> TrustedIdentity:
    is_issuer = bool(trust.issuer.strip() or trust.jwks_uri.strip())
    checked = _checked_issuer(app, trust) if is_issuer else _checked_entra(trust)
    audiences = tuple(
        dict.fromkeys(audience.strip() for audience in trust.audiences if audience.strip())
    )
    if not 1 <= len(audiences) <= _MAX_AUDIENCES or any(
        len(audience) > 200 for audience in audiences
    ):
        raise InvalidField("audiences", Message("audiences_form", most=_MAX_AUDIENCES))
    return dataclasses.replace(checked, audiences=audiences)


def _checked_entra(trust: TrustedIdentity) -> TrustedIdentity:
    tenant_id, subject = trust.tenant_id.strip().lower(), trust.subject.strip().lower()
    for name, value in (("tenantId", tenant_id), ("subject", subject)):
        if not _GUID.fullmatch(value):
            raise InvalidField(name, Message("not_a_guid", field=name))
    return TrustedIdentity(tenant_id, subject, ())


def _checked_issuer(app: App, trust: TrustedIdentity) -> TrustedIdentity:
    issuer, jwks_uri, subject = trust.issuer.strip(), trust.jwks_uri.strip(), trust.subject.strip()
    if trust.tenant_id.strip():
        raise InvalidField("tenantId", Message("tenant_or_issuer"))
    if not _ISSUER.fullmatch(issuer):
        raise InvalidField("issuer", Message("issuer_form"))
    if not is_key_address(app, jwks_uri):
        hosts = sorted(app.settings.trusted_key_hosts)
        allowed: Param = ", ".join(hosts) if hosts else Message("no_key_hosts")
        raise InvalidField("jwksUri", Message("key_address_form", allowed=allowed))
    if not subject or len(subject) > _MAX_SUBJECT:
        raise InvalidField("subject", Message("subject_form"))
    return TrustedIdentity("", subject, (), issuer, jwks_uri)


def is_key_address(app: App, address: str) -> bool:
    """Return whether keys may be fetched from `address`: https, on a host of the operator's list and nothing else.

    Otherwise an administrator of one company could make the app call addresses inside the operator's network
    (cheatsheetseries.owasp.org, "Server-Side Request Forgery Prevention"). Plain http is for a listed loopback host.
    """
    if not _ADDRESS.fullmatch(address):
        return False
    parts = urlsplit(address)
    if parts.netloc.lower() not in app.settings.trusted_key_hosts or parts.fragment:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    )
