"""Issue, rotate and revoke security tokens and client secrets, and set the trusted identity of a directory.

At most two tokens (and two secrets) are live at a time, so that a client can be given the new one
before the old one expires. A new credential replaces another one only if the caller names that
one, because a client that uses it will be refused, at once or after an overlap. A few expired and
revoked credentials are kept, so that the page can say that Entra still uses a revoked token.
"""

import dataclasses
import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from directories import credential_usage, provisioning_log, service, store, tokens
from directories.audit import Actor
from directories.credential_usage import LastCalls
from directories.errors import InvalidField, NotThere, TooMany
from directories.models import MAX_LIVE, Directory, Token, TrustedIdentity
from shared.app import App
from shared.clock import readable, timestamp
from shared.ids import is_guid
from shared.messages import Message, Param
from shared.tables.port import Operation

CredentialType = Literal["tokens", "secrets"]
# Days. None: it never expires (a client secret must, so it gets its default). "default": the operator's setting.
Lifetime = int | None | Literal["default"]
MAX_LIFETIME_DAYS = 1095
MAX_OVERLAP_HOURS = 24 * 30
SECRET_LIFETIME_DAYS = 730  # Microsoft's gallery requires one to three years
_MAX_ENDED = 5
_MAX_AUDIENCES = 5
_MAX_SUBJECT = 255  # characters of `sub` (OpenID Connect Core 1.0, section 2)
_PREFIXES = {"tokens": tokens.TOKEN_PREFIX, "secrets": tokens.SECRET_PREFIX}
_NAMES = {"tokens": "token", "secrets": "secret"}  # used in event kinds, such as `token.issued`
_ISSUER = re.compile(r"(?:https://|http://(?:localhost|127\.0\.0\.1)[:/])[\x21-\x7e]{1,490}")
_ADDRESS = re.compile(r"https?://[a-z0-9.:-]{1,260}/[\x21-\x7e]{0,490}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Replacement:
    """The credential to replace, and for how many hours it stays valid next to the new one.

    `credential_id` may be "" if at most one is live, because there is no choice then.
    """

    overlap_hours: float = 0
    credential_id: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new credential with its plain text, and the credential that it replaces with its new expiry, None if none."""

    directory: Directory
    credential: Token
    plain: str
    replaced: Token | None = None


async def issue(
    app: App,
    actor: Actor,
    directory_id: str,
    credential_type: CredentialType,
    lifetime: Lifetime = "default",
    also: Sequence[Operation] = (),
) -> Issued:
    """Issue a token or secret in addition to the live ones; store `also` in the same transaction.

    Raises:
        TooMany: Two are live; the message names both.
        InvalidField: The lifetime is out of range.
        NotThere: The account has no such directory.
    """
    token, plain = _made(app, credential_type, lifetime)

    def altered(directory: Directory) -> Directory:
        live, ended = _divided(app, directory, credential_type)
        if len(live) >= MAX_LIVE:
            raise _TwoLive(live)
        return _with(directory, credential_type, (*live, token), ended)

    directory = await _issued(
        app,
        directory_id,
        credential_type,
        token,
        service.change(app, actor, directory_id, altered, also=also),
    )
    return Issued(directory, token, plain)


async def rotate(
    app: App,
    actor: Actor,
    directory_id: str,
    credential_type: CredentialType,
    replacement: Replacement,
    lifetime: Lifetime = "default",
) -> Issued:
    """Issue a token or secret that replaces a live one.

    Raises:
        TooMany: Two are live, and `replacement` names neither; the message names both.
        InvalidField: A number of hours or days is out of range, the directory has no such credential,
            or an overlap was requested although two are live.
        NotThere: The account has no such directory.
    """
    hours = replacement.overlap_hours
    if not 0 <= hours <= MAX_OVERLAP_HOURS:
        raise InvalidField(
            "overlapHours",
            Message("overlap_out_of_range", hours=f"{hours:g}", most=MAX_OVERLAP_HOURS),
        )
    token, plain = _made(app, credential_type, lifetime)
    victims: list[Token | None] = []

    def altered(directory: Directory) -> Directory:
        live, ended = _divided(app, directory, credential_type)
        victim = _victim(directory, credential_type, live, replacement.credential_id)
        victims.append(victim)
        if victim is None:
            return _with(directory, credential_type, (*live, token), ended)
        others = [each for each in live if each.id != victim.id]
        if not hours:
            return _with(
                directory, credential_type, (*others, token), (*ended, _revoked(app, victim))
            )
        if others:
            message = Message("overlap_with_two", id=victim.id)
            raise InvalidField("overlapHours", message)
        until = timestamp(app.clock.now() + timedelta(hours=hours))
        return _with(directory, credential_type, (_ending(victim, until), token), ended)

    directory = await _issued(
        app, directory_id, credential_type, token, service.change(app, actor, directory_id, altered)
    )
    victim = victims[-1]
    if victim is None:
        return Issued(directory, token, plain)
    replaced = next(each for each in _held(directory, credential_type) if each.id == victim.id)
    if replaced.revoked:
        await provisioning_log.happened(
            app, directory_id, f"{_NAMES[credential_type]}.revoked", replaced.id
        )
    return Issued(directory, token, plain, replaced)


async def revoke(
    app: App, actor: Actor, directory_id: str, credential_type: CredentialType, token_id: str
) -> Directory:
    """Revoke a token or secret: this instance refuses it from now on, others within 30 seconds. Raise NotThere."""

    def altered(directory: Directory) -> Directory:
        held: tuple[Token, ...] = getattr(directory, credential_type)
        if all(token.id != token_id for token in held):
            raise NotThere(token_id)
        changed = tuple(_revoked(app, token) if token.id == token_id else token for token in held)
        return dataclasses.replace(directory, **{credential_type: changed})  # type: ignore[arg-type]

    directory = await service.change(app, actor, directory_id, altered)
    await provisioning_log.happened(
        app, directory_id, f"{_NAMES[credential_type]}.revoked", token_id
    )
    return directory


async def set_trust(
    app: App,
    actor: Actor,
    directory_id: str,
    trust: TrustedIdentity | None,
    also: Sequence[Operation] = (),
) -> Directory:
    """Set the identity that the directory trusts, or None to trust none; store `also` in the same transaction.

    Raise InvalidField if a value of the identity is not valid.
    """
    checked = checked_trust(app, trust) if trust else None
    directory = await service.change(
        app,
        actor,
        directory_id,
        lambda directory: dataclasses.replace(directory, trust=checked),
        also=also,
    )
    await provisioning_log.happened(app, directory_id, "trust.set" if checked else "trust.removed")
    return directory


async def _issued(
    app: App,
    directory_id: str,
    credential_type: CredentialType,
    token: Token,
    changing: Awaitable[Directory],
) -> Directory:
    try:
        directory = await changing
    except _TwoLive as error:
        raise await _too_many(app, directory_id, error.live) from None
    await provisioning_log.happened(
        app, directory_id, f"{_NAMES[credential_type]}.issued", token.id
    )
    return directory


class _TwoLive(Exception):
    """Raised if two credentials are live and the request doesn't name the one to replace."""

    def __init__(self, live: Sequence[Token]) -> None:
        super().__init__()
        self.live = live


async def _too_many(app: App, directory_id: str, live: Sequence[Token]) -> TooMany:
    """Return the error that names each live credential with its last use."""
    calls = await credential_usage.read(app.tables, directory_id)
    first, second = [named(token, calls) for token in live[-MAX_LIVE:]]
    return TooMany(Message("two_live", first=first, second=second))


def named(token: Token, calls: LastCalls) -> Message:
    """Return a message with the ID and the last use of a credential, by which an administrator decides which to replace."""
    if used := calls.used.get(token.id):
        return Message("credential_used", id=token.id, at=readable(used))
    return Message("credential_unused", id=token.id)


def _victim(
    directory: Directory, credential_type: CredentialType, live: Sequence[Token], credential_id: str
) -> Token | None:
    """Return the live credential to replace; None if the named one is no longer live, or if none is.

    Raises:
        _TwoLive: Two are live, and none of them is named.
        InvalidField: The named one doesn't exist.
    """
    if not credential_id:
        if len(live) >= MAX_LIVE:
            raise _TwoLive(live)
        return live[0] if live else None
    if all(token.id != credential_id for token in _held(directory, credential_type)):
        raise InvalidField("replaces", Message("replaces_unknown", id=credential_id[:20]))
    found = next((token for token in live if token.id == credential_id), None)
    if found is None and len(live) >= MAX_LIVE:
        raise _TwoLive(live)
    return found


def _held(directory: Directory, credential_type: CredentialType) -> tuple[Token, ...]:
    return directory.tokens if credential_type == "tokens" else directory.secrets


def _made(app: App, credential_type: CredentialType, lifetime: Lifetime) -> tuple[Token, str]:
    days = _days(app, credential_type, lifetime)
    plain, now = tokens.new_secret(_PREFIXES[credential_type]), app.clock.now()
    expires = timestamp(now + timedelta(days=days)) if days else ""
    return Token(
        id=tokens.new_short_id(), hash=tokens.digest(plain), created=timestamp(now), expires=expires
    ), plain


def _days(app: App, credential_type: CredentialType, lifetime: Lifetime) -> int:
    """Return the lifetime in days, 0 for a credential that never expires; raise InvalidField if it is out of range."""
    if lifetime == "default" or (lifetime is None and credential_type == "secrets"):
        return (
            SECRET_LIFETIME_DAYS
            if credential_type == "secrets"
            else app.settings.token_lifetime_days
        )
    if lifetime is None:
        return 0
    if not 1 <= lifetime <= MAX_LIFETIME_DAYS:
        raise InvalidField(
            "expiresInDays",
            Message("lifetime_out_of_range", days=lifetime, most=MAX_LIFETIME_DAYS),
        )
    return lifetime


def _divided(
    app: App, directory: Directory, credential_type: CredentialType
) -> tuple[list[Token], list[Token]]:
    """Return the live credentials, and those that expired or were revoked, each oldest first."""
    held, now = _held(directory, credential_type), store.now(app.clock)
    return [token for token in held if token.is_live(now)], [
        token for token in held if not token.is_live(now)
    ]


def _with(
    directory: Directory,
    credential_type: CredentialType,
    live: Sequence[Token],
    ended: Sequence[Token],
) -> Directory:
    return dataclasses.replace(directory, **{credential_type: (*ended[-_MAX_ENDED:], *live)})  # type: ignore[arg-type]


def _revoked(app: App, token: Token) -> Token:
    return (
        token
        if token.revoked
        else dataclasses.replace(token, expires=store.now(app.clock), revoked=True)
    )


def _ending(token: Token, until: str) -> Token:
    """Return the token with the expiry `until`, or unchanged if it expires earlier."""
    return dataclasses.replace(token, expires=min(token.expires or until, until))


def checked_trust(app: App, trust: TrustedIdentity) -> TrustedIdentity:
    """Validate a trusted identity and return it as it is stored; raise InvalidField."""
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
        if not is_guid(value):
            raise InvalidField(name, Message("not_a_guid", field=name))
    return TrustedIdentity(tenant_id=tenant_id, subject=subject, audiences=())


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
    return TrustedIdentity(
        tenant_id="", subject=subject, audiences=(), issuer=issuer, jwks_uri=jwks_uri
    )


def is_key_address(app: App, address: str) -> bool:
    """Return whether keys may be fetched from `address`: only by https, and only from hosts that the operator lists.

    Otherwise an administrator of one company could make the app call addresses inside the
    operator's network (cheatsheetseries.owasp.org, "Server-Side Request Forgery Prevention"). Plain
    http is allowed for a listed loopback host.
    """
    if not _ADDRESS.fullmatch(address):
        return False
    parts = urlsplit(address)
    if parts.netloc.lower() not in app.settings.trusted_key_hosts or parts.fragment:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    )
