"""A host with its web server, running inside a block; used by `serve` and the tests."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import ModuleType

from azure.functions.decorators.function_app import FunctionRegister

from local.host.host import Host, HostOptions
from local.host.hostfile import HostFile, read_host_file
from local.host.loading import close_app, find_app, load_module, settings_in_environment
from local.host.server import Server, listen
from shared.clock import Clock
from shared.http import Request, Response

ROOT = Path(__file__).parent.parent.parent
# The settings that the platform adds for an app with App Service Authentication.
_PLATFORM = {"WEBSITE_AUTH_ENABLED": "True", "AzureWebJobsDisableHomepage": "true"}


class RunningHost:
    """A host that serves requests at `url`."""

    def __init__(self, host: Host, server: Server, port: int) -> None:
        self.host = host
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._server = server
        self._stops = 0

    async def call(self, request: Request) -> Response:
        """Return the response to a request, without a network connection."""
        return await self.host.call(request)

    def stop(self) -> None:
        """Stop accepting requests; the server ends after the requests in flight.

        A second call stops it without waiting for them.
        """
        self._stops += 1
        self._server.stop()
        if self._stops > 1:
            self._server.hurry()
            self._hurry = asyncio.create_task(self.host.cancel_jobs())

    async def stopped(self) -> None:
        """Wait until `stop` was called and the server has ended."""
        await self._serving

    def serve(self, listener: socket.socket) -> None:
        """Start to serve requests on the listening socket."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))


@contextlib.asynccontextmanager
async def running(
    app: FunctionRegister | Path | ModuleType,
    settings: Mapping[str, str] | None = None,
    *,
    port: int = 0,
    host_file: HostFile | None = None,
    clock: Clock | None = None,
    options: HostOptions | None = None,
    patience: int = 30,
) -> AsyncIterator[RunningHost]:
    """Serve `app` inside the block and yield the running host.

    `app` is a function app, a module with one, or a file, which is executed with `settings` in the
    environment. When the block ends, running functions get `patience` seconds to finish.
    """
    options = options or HostOptions(timers=False)
    environment = {**(_PLATFORM if options.platform_sign_in else {}), **(settings or {})}
    listener = listen(port)
    module = None
    try:
        with settings_in_environment(environment):
            if isinstance(app, Path):
                module = load_module(app, environment)
            found = app if isinstance(app, FunctionRegister) else find_app(module or app)  # type: ignore[arg-type]
            if host_file is None and isinstance(app, Path):
                host_file = read_host_file(app.parent / "host.json")
            host = Host(
                found, environment=os.environ, host_file=host_file, clock=clock, options=options
            )
            server = Server(host.web, patience)
            run = RunningHost(host, server, listener.getsockname()[1])
            run.serve(listener)
            host.start()
            try:
                yield run
            finally:
                server.stop()
                await run.stopped()
                await host.stop(patience)
    finally:
        await close_app(module)
        listener.close()
