"""Tokens for all tenants of one app registration: an application object a tenant, the bounded set of them is the cache.

A token without the role is never kept, or it would be served for an hour after consent came back; nor is an object
that was refused, since msal repeats the refusal for a minute. Whoever asks whether consent has arrived uses a new one.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from presence.graph import id_tokens
from presence.graph.client_credential import Proof
from presence.graph.failure_reasons import REASONS, Fault
from presence.graph.msal_client import ANY_TENANT, Application
from presence.graph.tokens import Token
from shared.clock import Clock
from shared.settings import Settings

_TENANTS = 1024
_THREADS = 24
T = TypeVar("T")


class Credential:
    """Safe for one event loop; msal runs in threads."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._proof = Proof(settings)
        self._applications: OrderedDict[str, Application] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}
        self._fetching: set[str] = set()
        self._threads: ThreadPoolExecutor | None = None

    @property
    def is_set_up(self) -> bool:
        """Whether the deployment has an app registration and something to prove it by."""
        return self._proof.is_set_up

    async def token(self, tenant_id: str) -> Token:
        """A token for the tenant, from memory while it lasts. Raises Fault."""
        lock = self._locks.setdefault(tenant_id, asyncio.Lock())
        try:
            async with lock:
                return await self._token(tenant_id)
        finally:
            if not lock.locked():
                self._locks.pop(tenant_id, None)

    async def fresh_token(self, tenant_id: str) -> Token:
        """A token as of now, past every cache and left in none. Raises Fault."""
        return await self._with(tenant_id, Application.token)

    def drop(self, tenant_id: str) -> None:
        """Forget the tenant's tokens, those that are being fetched too."""
        self._fetching.discard(tenant_id)
        if (application := self._applications.pop(tenant_id, None)) is not None:
            application.close()

    async def sign_in(self, redirect_uri: str, state: str) -> tuple[str, dict[str, Any]]:
        """Where to send the browser to sign in, and what to keep until it returns. Raises Fault."""
        return await self._with(
            ANY_TENANT, lambda application: application.begin_sign_in(redirect_uri, state)
        )

    async def signed_in(self, flow: dict[str, Any], code: str, state: str) -> dict[str, Any]:
        """The claims of whoever signed in, validated. Raises Fault, or ValueError where something does not fit."""

        def finish(application: Application) -> dict[str, Any]:
            id_token = application.id_token(flow, {"code": code, "state": state})
            client_id = self._settings.presence_client_id
            return id_tokens.validated(application.http, id_token, client_id, self._clock.now())

        return await self._with(ANY_TENANT, finish)

    async def close(self) -> None:
        """Let go of connections and threads."""
        for tenant_id in list(self._applications):
            self.drop(tenant_id)
        self._proof.close()
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    async def _token(self, tenant_id: str) -> Token:
        kept = self._applications.get(tenant_id)
        self._fetching.add(tenant_id)
        try:
            application, token = await self._in_thread(self._acquire, tenant_id, kept)
        except Fault as fault:
            if REASONS[fault.reason].kind != "passing":
                self.drop(tenant_id)
            raise
        finally:
            is_dropped = tenant_id not in self._fetching
            self._fetching.discard(tenant_id)
        if token.may_read_presence and not is_dropped:
            self._keep(tenant_id, application)
        else:
            application.close()
            self.drop(tenant_id)
        return token

    def _keep(self, tenant_id: str, application: Application) -> None:
        self._applications[tenant_id] = application
        self._applications.move_to_end(tenant_id)
        while len(self._applications) > _TENANTS:
            self._applications.popitem(last=False)[1].close()

    def _acquire(self, tenant_id: str, kept: Application | None) -> tuple[Application, Token]:
        application = kept or Application(self._settings, self._proof, tenant_id)
        try:
            return application, application.token()
        except Fault:
            if kept is None:
                application.close()
            raise

    async def _with(self, tenant: str, work: Callable[[Application], T]) -> T:
        """Do something with an application object that is thrown away afterwards."""

        def alone() -> T:
            application = Application(self._settings, self._proof, tenant)
            try:
                return work(application)
            finally:
                application.close()

        return await self._in_thread(alone)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Threads of our own: a login service that hangs for some tenants must not use up everybody's."""
        if not self.is_set_up:
            raise Fault("not_set_up")
        self._threads = self._threads or ThreadPoolExecutor(_THREADS, thread_name_prefix="msal")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
