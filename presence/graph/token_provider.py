"""The app's tokens for all tenants, and the decision who is at fault if a token can't be obtained.

Each instance caches one token per tenant until five minutes before it expires, for up to 20,000
tenants (about 2 KB each). So 10,000 tenants cost an instance at most 10,000 token requests per
token lifetime. Instances don't share tokens, because bearer tokens are not written to storage.

A token without the role isn't cached, or it would be used for an hour after consent took effect. A
refusal isn't cached either; because msal itself repeats one for a minute, each request uses a new
msal object.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from presence.graph import tokens
from presence.graph.client_credential import Proof
from presence.graph.failure_reasons import REASONS, Fault
from presence.graph.msal_client import ANY_TENANT, Application
from presence.graph.msal_http import MetadataCache
from presence.graph.tokens import Token
from shared.clock import Clock
from shared.limits import LruCache
from shared.settings import Settings

MAX_TENANTS = 20_000
_RENEW_BEFORE = 300.0  # seconds
_THREADS = 24
T = TypeVar("T")
_PROBE_SECONDS = 60.0


class Credential:
    """The tokens of one App. Use it from one event loop only; msal runs in threads."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._proof = Proof(settings)
        self._metadata = MetadataCache(clock)
        self._tokens: LruCache[str, tuple[float, Token]] = LruCache(MAX_TENANTS)
        self._locks: dict[str, asyncio.Lock] = {}
        self._fetching: set[str] = set()
        self._threads: ThreadPoolExecutor | None = None

    @property
    def is_set_up(self) -> bool:
        """Whether the deployment has an app registration and a credential for it."""
        return self._proof.is_set_up

    async def token(self, tenant_id: str) -> Token:
        """Return a token for the tenant with the permission to read presence, from the cache if it is there.

        Raises:
            Fault: No token was issued, or (`no_role`) it lacks the permission.
        """
        if (cached := self._cached(tenant_id)) is not None:
            return cached
        lock = self._locks.setdefault(tenant_id, asyncio.Lock())
        try:
            async with lock:
                return self._cached(tenant_id) or await self._token(tenant_id)
        finally:
            if not lock.locked():
                self._locks.pop(tenant_id, None)

    async def fresh_token(self, tenant_id: str) -> Token:
        """Request a new token, without reading or filling any cache; raise Fault if none is issued."""
        return await self._with(tenant_id, Application.token)

    def drop(self, tenant_id: str) -> None:
        """Remove the tenant's token from the cache; one that is being requested isn't cached either."""
        self._fetching.discard(tenant_id)
        self._tokens.forget(tenant_id)

    async def sign_in(self, redirect_uri: str, state: str) -> tuple[str, dict[str, Any]]:
        """Return the URL of the sign-in, and the data to store until the browser returns; raise Fault."""
        return await self._with(
            ANY_TENANT, lambda application: application.begin_sign_in(redirect_uri, state)
        )

    async def signed_in(self, flow: dict[str, Any], code: str, state: str) -> dict[str, Any]:
        """Exchange the code and return the validated claims of the user who signed in.

        Raises:
            Fault: The login service refuses or fails.
            ValueError: The code or the id_token isn't valid.
        """

        def finish(application: Application) -> dict[str, Any]:
            id_token = application.id_token(flow, {"code": code, "state": state})
            client_id = self._settings.presence_client_id
            return tokens.validated(application.http, id_token, client_id, self._clock.now())

        return await self._with(ANY_TENANT, finish)

    async def close(self) -> None:
        """Close connections and threads, and empty the cache."""
        self._tokens = LruCache(MAX_TENANTS)
        self._proof.close()
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    def _cached(self, tenant_id: str) -> Token | None:
        found = self._tokens.get(tenant_id)
        return found[1] if found and self._clock.monotonic() < found[0] else None

    async def _token(self, tenant_id: str) -> Token:
        requested_at = self._clock.monotonic()
        self._fetching.add(tenant_id)
        try:
            token = await self.fresh_token(tenant_id)
        finally:
            is_dropped = tenant_id not in self._fetching
            self._fetching.discard(tenant_id)
        use_until = requested_at + token.expires_in - _RENEW_BEFORE
        if not token.may_read_presence:
            raise Fault(reason="no_role")
        if not is_dropped:
            self._tokens.put(tenant_id, (use_until, token))
        return token

    async def _with(self, tenant: str, work: Callable[[Application], T]) -> T:
        """Call `work` in a thread with a new msal object, and close that object."""

        def alone() -> T:
            application = Application(self._settings, self._proof, tenant, self._metadata)
            try:
                return work(application)
            finally:
                application.close()

        return await self._in_thread(alone)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run `work` in a thread of our own pool, so that a hanging login service doesn't block other threads."""
        if not self.is_set_up:
            raise Fault(reason="not_set_up")
        self._threads = self._threads or ThreadPoolExecutor(_THREADS, thread_name_prefix="msal")
        context = contextvars.copy_context()  # so that log lines of the thread belong to the call
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, context.run, work, *arguments
        )


class Control:
    """Decides whether this app or a tenant is at fault, by requesting a token for the app's home tenant.

    `home` is the tenant of the app registration. If it is "", because the deployment has no such
    setting, every failure keeps the reason that Microsoft's response suggests.
    """

    def __init__(self, credential: Credential, clock: Clock, home: str) -> None:
        self._credential, self._clock, self._home = credential, clock, home
        self._last: tuple[float, str | None] | None = None
        self._probing = asyncio.Lock()

    async def attribute_fault(self, fault: Fault) -> str:
        """Return the reason of a failure, which is the operator's fault or the tenant's.

        If the response doesn't tell which, request a token for the home tenant: if that succeeds, the
        operator's credential works, and the tenant is the cause.
        """
        if not fault.is_doubtful or not self._home:
            return fault.reason
        own_failure = await self.own_failure()
        if own_failure is None:  # our credential works, so the tenant is the cause
            attributed = {"own_credential": "deleted", "misconfigured": "unexpected"}
            return attributed.get(fault.reason, fault.reason)
        if REASONS[own_failure].kind == "passing":
            return "unavailable"
        return "misconfigured" if own_failure == "misconfigured" else "own_credential"

    async def own_failure(self) -> str | None:
        """Return why the home tenant issues no token, None if it does; requested at most once a minute."""
        async with self._probing:
            now = self._clock.monotonic()
            if self._last is None or not 0 <= now - self._last[0] < _PROBE_SECONDS:
                self._last = now, await self._probe()
            return self._last[1]

    async def _probe(self) -> str | None:
        try:
            await self._credential.fresh_token(self._home)
        except Fault as fault:
            return fault.reason
        return None
