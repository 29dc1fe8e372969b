"""The keys with which assertions are signed, fetched from the issuer and cached by their `kid`.

Entra rotates keys without notice (learn.microsoft.com/entra/identity-platform/signing-key-rollover), so an unknown kid
causes the keys to be fetched again, but at most every 30 seconds per URL, because a stranger can invent kids.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson

from directories.credentials import is_key_address
from directories.models import TrustedIdentity
from shared import log
from shared.app import App
from shared.concurrency import import_modules
from shared.limits import LruCache

_FRESH_SECONDS = 24 * 3600.0
_PAUSE_SECONDS = 30.0
_TIMEOUT_SECONDS = 8.0
_MAX_BYTES = 256 * 1024
_MAX_KEYS = 50
_LOGIN_URLS = {
    "global": "https://login.microsoftonline.com",
    "gcchigh": "https://login.microsoftonline.us",
    "dod": "https://login.microsoftonline.us",
    "china": "https://login.partner.microsoftonline.cn",
}


class KeysUnavailable(Exception):
    """The keys can't be fetched from the issuer, and none are cached."""


@dataclass(slots=True)
class _KeySet:
    keys: dict[str, Any] = field(default_factory=dict)
    fetched: float = float("-inf")
    tried: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class _KeySets:
    by_address: LruCache[str, _KeySet] = field(default_factory=lambda: LruCache(1024))


def issuer(app: App, trust: TrustedIdentity) -> str:
    """Return the claim `iss` that assertions of a trusted identity have."""
    return f"{_login_url(app)}/{trust.tenant_id}/v2.0" if trust.is_entra else trust.issuer


async def signing_key(app: App, trust: TrustedIdentity, kid: str) -> Any | None:
    """Return the issuer's key with this `kid`, or None. Raise KeysUnavailable."""
    address = _address(app, trust)
    key_sets = app.state(_KeySets).by_address
    key_set = key_sets.get(address)
    if key_set is None:
        key_set = _KeySet()
        key_sets.put(address, key_set)
    async with key_set.lock:
        now = app.clock.monotonic()
        is_stale = now - key_set.fetched >= _FRESH_SECONDS
        if (is_stale or kid not in key_set.keys) and now - key_set.tried >= _PAUSE_SECONDS:
            key_set.tried = now
            try:
                key_set.keys, key_set.fetched = await _fetch(address), now
            except (TimeoutError, OSError, ValueError) as error:
                log.failure("signing_keys.fetch", error)
        if not key_set.keys:
            raise KeysUnavailable
        return key_set.keys.get(kid)


def _address(app: App, trust: TrustedIdentity) -> str:
    """Return the URL of the key set. Raise KeysUnavailable if the operator no longer allows its host."""
    if trust.is_entra:
        return f"{_login_url(app)}/{trust.tenant_id}/discovery/v2.0/keys"
    if not is_key_address(app, trust.jwks_uri):
        raise KeysUnavailable
    return trust.jwks_uri


async def _fetch(address: str) -> dict[str, Any]:
    """Return the public signing keys by kid; raise OSError or ValueError if there are none."""
    from jwt import PyJWK, PyJWTError

    listed = orjson.loads(await _download(address))
    try:
        return {
            str(key["kid"]): PyJWK(key, algorithm=_ALGORITHMS[key["kty"]]).key
            for key in listed["keys"][:_MAX_KEYS]
            if key.get("kty") in _ALGORITHMS and key.get("use", "sig") == "sig" and key.get("kid")
        }
    except (PyJWTError, AttributeError, KeyError, TypeError) as error:
        raise ValueError("no key set") from error


# Only how PyJWK reads the key of a type; which algorithm an assertion may have is checked with its header.
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}


async def _download(address: str) -> bytes:
    """Return the body at a URL of the issuer; raise OSError or ValueError."""
    await import_modules("aiohttp", "jwt")
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    body = bytearray()
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(address, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise ValueError(f"status {response.status}")
            async for piece in response.content.iter_chunked(_MAX_BYTES):
                body += piece
                if len(body) > _MAX_BYTES:
                    raise ValueError("too long")
    except aiohttp.ClientError as error:
        raise OSError(type(error).__name__) from error
    return bytes(body)


def _login_url(app: App) -> str:
    return app.settings.login_url or _LOGIN_URLS[app.settings.cloud]
