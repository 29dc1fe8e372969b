"""Pages of other sites that embed the product, and a browser that sends cookies to their frames.

Playwright's own contexts are private windows, in which Chromium blocks third-party cookies.
"""

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import BrowserContext, Playwright

from tests.browser.chromium import SWITCHES, WIDE

_PAGE = """<!doctype html><html lang="en"><title>Contact centre</title>
<body style="margin:0"><h1>Contact centre</h1>
<iframe id="people" title="People" style="width:{width}px;height:640px;border:0" src="{address}"></iframe>
<script>
window.answers = [];
addEventListener("message", ({{ origin, data }}) => answers.push({{ origin, ...data }}));
window.ring = (message) => document.getElementById("people").contentWindow.postMessage(message, "*");
</script>
"""


class _Handler(BaseHTTPRequestHandler):
    """Serves `/?address=…&width=…`: a page with a frame of this address and width."""

    def do_GET(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query))
        found = "address" in query
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if found:
            self.wfile.write(_PAGE.format(**query).encode())

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextlib.contextmanager
def site() -> Iterator[str]:
    """Serve another site and yield its origin, `http://localhost:…`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def browser_with_third_party_cookies(
    playwright: Playwright, folder: Path
) -> Iterator[BrowserContext]:
    """Open a Chromium, not in a private window, whose settings permit third-party cookies."""
    preferences = folder / "Default/Preferences"
    preferences.parent.mkdir(parents=True, exist_ok=True)
    allowed = {"cookie_controls_mode": 0, "block_third_party_cookies": False}
    preferences.write_text(json.dumps({"profile": allowed}), encoding="utf-8")
    names = ("chromium", "google-chrome", "chromium-browser")
    own = next((path for name in names if (path := shutil.which(name))), None)
    context = playwright.chromium.launch_persistent_context(
        folder,
        executable_path=own,
        args=SWITCHES,
        viewport={"width": WIDE[0], "height": WIDE[1]},
        locale="en-GB",
        reduced_motion="reduce",
    )
    try:
        yield context
    finally:
        context.close()
