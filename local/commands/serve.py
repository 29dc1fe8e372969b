"""`python -m local serve`: run the function app on this machine, without Azure and its tools."""

import argparse
import asyncio
import importlib
import os
import signal
import sys
from pathlib import Path

NAME = "serve"
HELP = "run the function app on this machine, with its timers and queues"

_APP = Path(__file__).parent.parent.parent / "function_app.py"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--port", type=int, default=7071, help="port on 127.0.0.1 (7071)")
    parser.add_argument(
        "--tables",
        metavar="URL",
        help="sqlite:///PATH, UseDevelopmentStorage=true, or a table endpoint (setting TABLES)",
    )
    parser.add_argument(
        "--app", type=Path, metavar="FILE", default=_APP, help="file of the function app"
    )
    parser.add_argument(
        "--demo", type=int, metavar="N", help="fill a demo directory with N people, with presence"
    )
    parser.add_argument("--no-timers", action="store_true", help="start no timer function")
    parser.add_argument(
        "--ask-to-sign-in",
        action="store_true",
        help="start signed out, as on the platform, instead of as the local administrator",
    )
    parser.add_argument("--access-log", action="store_true", help="log one line for each request")
    parser.add_argument(
        "--log", choices=("text", "json"), default="text", help="form of the log (text)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return 1, after a line on standard error, if the app can't be served."""
    from local.host.errors import HostError
    from local.host.logs import configure

    if arguments.demo is not None:
        demo = importlib.import_module("local.commands.demo")
        return int(demo.run(argparse.Namespace(**{**vars(arguments), "people": arguments.demo})))
    configure(arguments.log)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(arguments))
    except HostError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    """Return uvloop's event loop class, or None if uvloop isn't installed (it doesn't support Windows)."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop


async def _serve(arguments: argparse.Namespace) -> None:
    from local.host.host import HostOptions
    from local.host.local_settings import read_local_settings
    from local.host.running import running

    app = arguments.app.resolve()
    settings = read_local_settings(app.parent / "local.settings.json", os.environ)
    if arguments.tables:
        settings["TABLES"] = arguments.tables
    settings.pop("WEBSITE_AUTH_ENABLED", None)  # set by the simulated platform itself
    options = HostOptions(
        timers=not arguments.no_timers,
        access_log=arguments.access_log,
        asks_to_sign_in=arguments.ask_to_sign_in,
    )
    async with running(app, settings, port=arguments.port, options=options) as host:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            host.stop()
            stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        print(
            f"{os.environ.get('PRODUCT_NAME', 'NEONNOW')} External Directories at {host.url}",
            flush=True,
        )
        await stopping.wait()
