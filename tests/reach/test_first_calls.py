"""The first request of a feature imports its modules in a thread, so that other requests aren't
delayed.
"""

import subprocess
import sys

import pytest

from local.host.running import ROOT

_SCRIPT = """
import asyncio, sys, tempfile, threading
from local.host.host import HostOptions
from local.host.running import ROOT, running
from shared.http import Request

own, loop_thread = set(), threading.get_ident()
def note(event, arguments):
    if event == "import" and threading.get_ident() == loop_thread:
        own.add(arguments[0])

async def main():
    with tempfile.TemporaryDirectory() as folder:
        settings = {"TABLES": f"sqlite:///{folder}/first.db"}
        async with running(ROOT / "function_app.py", settings, options=HostOptions(timers=False)) as host:
            sys.addaudithook(note)
            headers = {"accept": "text/html"}
            answer = await host.call(Request("GET", host.url + sys.argv[1], headers, b""))
            own.add(str(answer.status))
    print(*sorted(own))

asyncio.run(main())
"""
_LARGE = frozenset(
    ("jinja2", "phonenumbers", "web.routes", "contacts.api", "directories.api", "presence.api")
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["/contacts", "/api/contacts?q=anna", "/api/directories", "/health"]
)
def test_a_first_call_imports_nothing_large_on_the_event_loop(path: str) -> None:
    """Importing all pages on the event loop delayed the other requests of a new instance by a
    second.
    """
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert imported & {"200", "401", "403"}, imported
    assert not imported & _LARGE
