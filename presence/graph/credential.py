"""The edge to Microsoft's login service: proves who the app is, and gets tokens by msal.

What msal (1.39) makes necessary here:

* an application object stands for one tenant, so there is one a tenant; the bounded set of them is the only cache;
* each has a token cache of its own: `remove_tokens_for_client` on a shared one empties it for all tenants;
* an answer with status 400 is remembered for 60 seconds, so whoever asks whether consent has arrived uses a new object;
* a token without the role is never kept, or it would be served for an hour after consent came back;
* the constructor calls the network and raises ValueError for a tenant that is unknown, and also for 429;
* id_tokens are not validated, so that is done here.
"""

import asyncio
import base64
import warnings
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from presence.graph.clouds import Cloud, cloud_of
from presence.graph.login_http import LoginHttp, TimedHttp
from presence.graph.reasons import Fault, fault_of
from shared import log
from shared.clock import Clock
from shared.settings import Settings

ROLE = "Presence.Read.All"
_ROLES = frozenset({ROLE, "Presence.ReadWrite.All"})
_TENANTS = 1024
_THREADS = 24
_SKEW = 120  # seconds between two clocks
_ID_TOKEN: Any = {
    "require": ["exp", "iat", "aud", "iss", "tid", "oid", "nonce"],
    # Times are compared with the app's own clock.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Token:
    """An application token for Graph. `tenant_id` and `roles` as its content says, for diagnosis only."""

    value: str
    tenant_id: str
    roles: frozenset[str]

    @property
    def may_read_presence(self) -> bool:
        """Whether the permission is in the token."""
        return bool(self.roles & _ROLES)


class OwnCredential(Exception):
    """The proof of our own identity could not be made."""


class Credential:
    """Tokens for all tenants of one app registration. Safe for one event loop; msal runs in threads."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._cloud: Cloud = cloud_of(settings)
        self._applications: OrderedDict[str, tuple[LoginHttp, Any]] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._proof: Any = None
        self._identity_http: TimedHttp | None = None

    @property
    def is_set_up(self) -> bool:
        """Whether the deployment has an app registration and something to prove it by."""
        s = self._settings
        return bool(
            s.presence_client_id
            and (s.managed_identity_client_id or s.presence_client_secret or s.presence_certificate)
        )

    async def token(self, tenant_id: str) -> Token:
        """A token for the tenant, from memory while it lasts. Raises Fault."""
        lock = self._locks.setdefault(tenant_id, asyncio.Lock())
        try:
            async with lock:
                return await self._in_thread(self._token, tenant_id)
        finally:
            if not lock.locked():
                self._locks.pop(tenant_id, None)

    async def fresh_token(self, tenant_id: str) -> Token:
        """A token as of now, past every cache and left in none. Raises Fault."""
        return await self._in_thread(self._fresh, tenant_id)

    def drop(self, tenant_id: str) -> None:
        """Forget the tenant's tokens."""
        http, _ = self._applications.pop(tenant_id, (None, None))
        if http is not None:
            http.close()

    async def sign_in(self, redirect_uri: str, state: str) -> tuple[str, dict[str, Any]]:
        """Where to send the browser to sign in, and what to keep until it returns. Raises Fault."""

        def begin() -> tuple[str, dict[str, Any]]:
            http, application = self._application("organizations")
            # form_post would be a POST from another site, with which no SameSite=Lax cookie comes along; the code is
            # of no use without the cookie, the verifier and our credential.
            warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended")
            try:
                flow = application.initiate_auth_code_flow(
                    [], redirect_uri=redirect_uri, state=state, prompt="select_account"
                )
                return http.for_browser(flow.pop("auth_uri")), flow
            finally:
                http.close()

        return await self._in_thread(begin)

    async def signed_in(self, flow: dict[str, Any], code: str, state: str) -> dict[str, Any]:
        """The claims of whoever signed in, validated. Raises Fault, or ValueError where something does not fit."""

        def finish() -> dict[str, Any]:
            http, application = self._application("organizations")
            try:
                result = self._answered(
                    http, lambda: application.acquire_token_by_auth_code_flow(flow, {"code": code, "state": state})
                )
                if "id_token" not in result:
                    raise fault_of(http.last_status, str(result.get("error", "")), http.last_codes, http.last_wait)
                return self._validated(http, result["id_token"])
            finally:
                http.close()

        return await self._in_thread(finish)

    async def close(self) -> None:
        """Let go of connections and threads."""
        for tenant_id in list(self._applications):
            self.drop(tenant_id)
        if self._identity_http is not None:
            self._identity_http.close()
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Threads of our own: a login service that hangs for some tenants must not use up everybody's."""
        if not self.is_set_up:
            raise Fault("not_set_up")
        self._threads = self._threads or ThreadPoolExecutor(_THREADS, thread_name_prefix="msal")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _token(self, tenant_id: str) -> Token:
        kept = self._applications.get(tenant_id)
        http, application = kept or self._application(tenant_id)
        is_kept = False
        try:
            token = self._acquire(http, application)
            is_kept = token.may_read_presence
        finally:
            if is_kept:
                self._keep(tenant_id, http, application)
            elif kept is None:
                http.close()
        if not is_kept:
            self.drop(tenant_id)
        return token

    def _keep(self, tenant_id: str, http: LoginHttp, application: Any) -> None:
        self._applications[tenant_id] = http, application
        self._applications.move_to_end(tenant_id)
        while len(self._applications) > _TENANTS:
            self._applications.popitem(last=False)[1][0].close()

    def _fresh(self, tenant_id: str) -> Token:
        http, application = self._application(tenant_id)
        try:
            return self._acquire(http, application)
        finally:
            http.close()

    def _application(self, tenant: str) -> tuple[LoginHttp, Any]:
        import msal
        import requests

        proof = self._own_proof()
        http = LoginHttp(self._cloud.login_url)
        try:
            application = msal.ConfidentialClientApplication(
                self._settings.presence_client_id,
                client_credential=proof,
                authority=http.authority(tenant),
                instance_discovery=False,  # the address is ours to trust: it is a setting
                token_cache=msal.TokenCache(),
                http_client=http,
                exclude_scopes=["offline_access"],  # one sign-in is all that is wanted
            )
        except (requests.RequestException, msal.exceptions.MsalError, ValueError, RuntimeError):
            http.close()
            if http.last_status == 200:
                raise Fault("unavailable") from None  # a page that is no metadata
            raise fault_of(http.last_status, http.last_error, http.last_codes, http.last_wait) from None
        return http, application

    def _acquire(self, http: LoginHttp, application: Any) -> Token:
        try:
            result = self._answered(http, lambda: application.acquire_token_for_client([self._cloud.scope]))
        except ValueError:
            raise Fault("unavailable") from None
        if "access_token" not in result:
            codes = tuple(code for code in result.get("error_codes", ()) if isinstance(code, int))
            raise fault_of(http.last_status or 400, str(result.get("error", "")), codes, http.last_wait)
        return _read(result["access_token"])

    def _answered(self, http: LoginHttp, ask: Callable[[], Any]) -> dict[str, Any]:
        """What msal makes of an answer. Raises Fault where there was none, ValueError where it does not fit."""
        import msal
        import requests

        try:
            result: dict[str, Any] = ask()
        except OwnCredential:
            raise Fault("own_credential") from None
        except (requests.RequestException, msal.exceptions.MsalError):  # msal raises on 5xx
            raise fault_of(http.last_status, "", (), http.last_wait) from None
        except (ValueError, RuntimeError) as error:  # no JSON; RuntimeError: the nonce is another one
            raise ValueError(type(error).__name__) from None
        return result

    def _own_proof(self) -> Any:
        """What msal takes as client_credential: managed identity first, else certificate, else secret. Raises Fault."""
        settings = self._settings
        if settings.managed_identity_client_id:
            self._proof = self._proof or {"client_assertion": self._identity_token()}
            return self._proof
        if settings.presence_certificate:
            return _certificate(Path(settings.presence_certificate))
        return settings.presence_client_secret

    def _identity_token(self) -> Callable[[], str]:
        """A callable that msal asks for each request on the wire; the identity's token is remembered inside."""
        import msal
        import requests

        self._identity_http = TimedHttp()
        identity = msal.ManagedIdentityClient(
            msal.UserAssignedManagedIdentity(client_id=self._settings.managed_identity_client_id),
            http_client=self._identity_http,
        )

        def assertion() -> str:
            try:
                result = identity.acquire_token_for_client(resource=self._cloud.exchange_audience)
            except (requests.RequestException, ValueError, RuntimeError, msal.ManagedIdentityError):
                raise OwnCredential from None
            if "access_token" not in result:
                raise OwnCredential
            return str(result["access_token"])

        return assertion

    def _validated(self, http: LoginHttp, id_token: str) -> dict[str, Any]:
        """OpenID Connect Core section 3.1.3.7; msal has compared the nonce. Raises ValueError."""
        import jwt

        try:
            tenant_id = str(jwt.decode(id_token, options={"verify_signature": False}).get("tid", ""))
            keys = jwt.PyJWKSet.from_json(http.get(http.authority(tenant_id) + "/discovery/v2.0/keys").text)
            claims: dict[str, Any] = jwt.decode(
                id_token,
                keys[jwt.get_unverified_header(id_token).get("kid", "")],
                ["RS256"],
                audience=self._settings.presence_client_id,
                issuer=f"{self._cloud.login_url}/{tenant_id}/v2.0",
                options=_ID_TOKEN,
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise ValueError(f"id_token: {type(error).__name__}") from None
        now = self._clock.now().timestamp()
        if not claims["iat"] - _SKEW <= now < claims["exp"] + _SKEW:
            raise ValueError("id_token: not now")
        return claims


def _certificate(path: Path) -> dict[str, str]:
    """Certificate and key of one PEM file. Raises Fault where they cannot be read."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    try:
        pem = path.read_text(encoding="ascii")
        load_pem_private_key(pem.encode(), None)
        load_pem_x509_certificate(pem.encode())
    except (OSError, ValueError, TypeError) as error:
        log.failure("credential.certificate_unreadable", error)
        raise Fault("own_credential") from None
    return {"private_key": pem, "public_certificate": pem}


def _read(value: str) -> Token:
    """The token with its content. Graph's tokens are Graph's, so one that cannot be read is not taken for roleless."""
    try:
        part = value.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return Token(value, str(claims.get("tid", "")).lower(), frozenset(map(str, claims.get("roles", ()))))
    except (IndexError, ValueError, AttributeError, TypeError):
        return Token(value, "", frozenset({ROLE}))
