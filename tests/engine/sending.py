"""Runs the product in the engine with OpenTelemetry; `test_telemetry.py` starts it in a process of its
own.
"""

import asyncio
import logging
import sys
from pathlib import Path

from local.host.asgi import Limits, WebApp
from local.host.loading import close_app
from local.host.running import ROOT

from .engine import Engine

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


async def run(folder: Path) -> None:
    """Send a successful request, a rejected one, one that the host doesn't sample, and a timer tick.

    Closing the App then sends the remaining telemetry.
    """
    logging.getLogger("external_directories").setLevel(logging.INFO)
    engine = await Engine.load(ROOT / "function_app.py", {"TABLES": f"sqlite:///{folder}/app.db"})
    engine.trace_parent = f"00-{TRACE}-{PARENT}-01"
    web = WebApp(engine, Limits(), platform_sign_in=True, access_log=False)
    for path in ("/health", "/scim/contoso/v2/Users"):
        answer = await web.respond("GET", path, "", {"host": "127.0.0.1"}, b"")
        print(path, answer.status)
    engine.trace_parent = f"00-{TRACE}-{PARENT}-00"  # a request that the host does not sample
    await web.respond("GET", "/.well-known/security.txt", "", {"host": "127.0.0.1"}, b"")
    engine.trace_parent = f"00-{TRACE}-{PARENT}-01"
    await engine.timer("maintenance_timer")
    await close_app(sys.modules["function_app"])
    engine.close()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
