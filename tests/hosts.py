"""The functions of some features, for tests that don't load function_app.py."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import azure.functions as func

from local.host.host import Host, HostOptions
from local.host.hostfile import HostFile
from shared.app import App


class _Endpoints(Protocol):
    def blueprint(self, app: App) -> func.Blueprint:
        """Return the functions of a feature."""
        ...


def functions_of(app: App, *features: _Endpoints) -> func.FunctionApp:
    """Return the functions of these features, which are modules `endpoints`."""
    functions = func.FunctionApp()
    for feature in features:
        functions.register_functions(feature.blueprint(app))
    return functions


@asynccontextmanager
async def serving(
    app: App, *features: _Endpoints, options: HostOptions | None = None
) -> AsyncIterator[Host]:
    """Yield a local host with the functions of these features; stop it afterwards."""
    host = Host(
        functions_of(app, *features),
        environment={},
        host_file=HostFile(route_prefix=""),
        options=options or HostOptions(),
    )
    try:
        yield host
    finally:
        await host.stop()
        await app.background.drain()
