"""The host of one app: its HTTP functions, timers and queues, on the running event loop."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from azure.functions.decorators.function_app import FunctionRegister

from local.host.asgi import Limits, WebApp
from local.host.functions import Functions, index
from local.host.hostfile import HostFile
from local.host.http import HttpFunctions
from local.host.invocation import Invoker
from local.host.queues import Queues
from local.host.timers import Timers
from shared.clock import Clock, SystemClock
from shared.http import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """The options of a host.

    With `asks_to_sign_in`, a browser without a session has to sign in; otherwise it is signed in as
    the local administrator.
    """

    timers: bool = True
    access_log: bool = False
    platform_sign_in: bool = True
    asks_to_sign_in: bool = False
    limits: Limits = field(default_factory=Limits)


class Host:
    """Runs the functions of one app on the event loop on which it is created."""

    def __init__(
        self,
        app: FunctionRegister,
        *,
        environment: Mapping[str, str],
        host_file: HostFile | None = None,
        clock: Clock | None = None,
        options: HostOptions | None = None,
        directory: Path | None = None,
    ):
        self.options = options or HostOptions()
        settings = host_file or HostFile(route_prefix="")
        time = clock or SystemClock()
        self.functions: Functions = index(app, environment, settings.route_prefix)
        self._invoker = Invoker(
            lambda queue, body: self.queues.put(queue, body), str(directory or "")
        )
        self.queues = Queues(
            self.functions.queues,
            lambda function, message: self._invoker.call(function.code, message),
            time,
            settings,
            asyncio.get_running_loop().call_later,
        )
        self.timers = Timers(
            self.functions.timers,
            lambda function, request: self._invoker.call(function.code, request),
            time,
        )
        home_page = environment.get("AzureWebJobsDisableHomepage", "").lower() != "true"
        self.http = HttpFunctions(self.functions.http, self._invoker, home_page)
        limits = self.options.limits
        if size := environment.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"):
            limits = replace(limits, body=int(size))
        self.web = WebApp(
            self.http,
            limits,
            platform_sign_in=self.options.platform_sign_in,
            access_log=self.options.access_log,
            asks_to_sign_in=self.options.asks_to_sign_in,
        )
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the timers, unless the options switch them off."""
        if self.options.timers and self.functions.timers:
            self._ticking = asyncio.create_task(self.timers.run())

    async def stop(self, patience: float = 30.0) -> None:
        """Stop timers and queues; running timer functions and queue messages get `patience` seconds to finish."""
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        self.queues.stop()
        jobs = self.timers.running() + self.queues.running()
        if jobs:
            await asyncio.wait(jobs, timeout=patience)
        await self.cancel_jobs()
        self._invoker.close()

    async def cancel_jobs(self) -> None:
        """Cancel running timer functions and queue messages, as the platform does after its grace period."""
        jobs = self.timers.running() + self.queues.running()
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    async def call(self, request: Request) -> Response:
        """Return the response to a request, without a network connection.

        Values of a response header that occurs several times are joined by commas.
        """
        parts = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers.setdefault("host", parts.netloc or "localhost")
        response = await self.web.respond(
            request.method, parts.path or "/", parts.query, headers, request.body
        )
        joined: dict[str, str] = {}
        for name, value in response.headers:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return Response(response.status, response.body, joined)
