"""`python -m local demo`: run the product on this machine with an invented company."""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path

NAME = "demo"
HELP = "run the product with an invented company and a simulated Microsoft (what `make run` does)"

_ROOT = Path(__file__).parent.parent.parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--port",
        type=int,
        default=7071,
        help="port on 127.0.0.1 (7071); the simulator takes the next",
    )
    parser.add_argument(
        "--tables", metavar="URL", help="where to keep the data (sqlite:///data/directory.db)"
    )
    parser.add_argument(
        "--people", type=int, default=250, metavar="N", help="people in the company (250)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run until Ctrl-C; return 1, after a line on standard error, if the demo can't run."""
    from local.demo.company import DemoError
    from local.host.errors import HostError
    from local.host.logs import configure

    configure("text")
    try:
        asyncio.run(_run(arguments))
    except (HostError, DemoError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


async def _run(arguments: argparse.Namespace) -> None:
    from local.graph.server import running as simulated
    from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, HOME_TENANT_ID, Simulator
    from local.host.errors import HostError
    from local.host.host import HostOptions
    from local.host.running import running

    simulator = Simulator()
    with contextlib.ExitStack() as stack:
        check_port(arguments.port)
        try:
            url = stack.enter_context(simulated(simulator, arguments.port + 1))
        except OSError as error:
            raise HostError(
                f"Port {arguments.port + 1} cannot be used: {error.strerror}. Choose others with --port."
            ) from None
        settings = {
            **({"TABLES": arguments.tables} if arguments.tables else {}),
            "LOGIN_URL": url,
            "GRAPH_URL": url,
            "PRESENCE_CLIENT_ID": CLIENT_ID,
            "PRESENCE_CLIENT_SECRET": CLIENT_SECRET,
            "HOME_TENANT_ID": HOME_TENANT_ID,
            "PRESENCE_INTERVAL_SECONDS": "10",
        }
        options = HostOptions(timers=True)
        async with running(
            _ROOT / "function_app.py", settings, port=arguments.port, options=options
        ) as host:
            stopping = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stopping.set)
            filling = asyncio.create_task(
                _fill(host.url, token_file(arguments.tables), arguments.people, simulator)
            )
            done, _ = await asyncio.wait(
                {filling, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED
            )
            if filling in done:
                filling.result()
                await stopping.wait()
            filling.cancel()
            print("\nStopping ...", flush=True)
            host.stop()


def check_port(port: int) -> None:
    """Raise HostError if the port is in use.

    Without this check, the simulator would fail first, with a message about the next port.
    """
    from local.host.errors import HostError

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise HostError(
                f"Port {port} cannot be used: {error.strerror}. Choose another with --port."
            ) from None


def token_file(tables: str | None) -> Path:
    """Return the path of the file with the demo's token.

    It is in the folder of the database, so that each demo has its own.
    """
    if tables and tables.startswith("sqlite:///"):
        return Path(tables.removeprefix("sqlite:///")).with_name("demo.json")
    return _ROOT / "data" / "demo.json"


async def _fill(url: str, keep: Path, count: int, simulator: "object") -> None:
    import aiohttp

    from local.commands.provision import Screen
    from local.demo import company
    from local.graph.simulator import Simulator

    assert isinstance(simulator, Simulator)
    print(f"Pages             {url}/  and  {url}/contacts", flush=True)
    jar = aiohttp.CookieJar(unsafe=True)
    # The app refuses a change with a sign-in cookie that doesn't show its origin, as browsers do.
    same_origin = {"Sec-Fetch-Site": "same-origin"}
    async with aiohttp.ClientSession(url, cookie_jar=jar, headers=same_origin) as session:
        made = await company.directory(session, keep)
        print(f"SCIM base URL     {made.scim_base_url}")
        print(f"Security token    {made.token}")
        print(f"Microsoft         {simulator.url}/control  (simulated)", flush=True)
        screen = Screen(sys.stdout)
        summary = await company.people(made, count, screen.show)
        screen.end()
        if not summary.ok:
            raise company.DemoError(
                "The company could not be provisioned; `python -m local provision` says why."
            )
        await company.presence(session, made, simulator)
    print(f"Ready: {count} people with presence at {url}/contacts   (Ctrl-C stops)", flush=True)
