"""Measure how soon a caller is shown on an agent's screen: `python -m bench.pop [--people 100000]`.

Uses a real Chromium and a real host with the embedded engine, each in a process of its own.
*Message*: a contact centre's page posts a message with the number to the product's frame that it
embeds; measured from the message's arrival to the first frame that shows the card, the choice, or
the search. *Address*: `/contacts?number=…&pop=1` is opened in a tab; measured from the start of the
navigation to the first frame. *JSON*: `POST /api/contacts/pop` on one connection. Each request has
a different number; figures are p50 and p95 in milliseconds.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles
from urllib.parse import quote

from playwright.sync_api import Frame, Page, sync_playwright

from bench.provisioning import serving
from bench.search import filled
from local.host.sign_in import ACCOUNT
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings
from shared.tables.sqlite import SqliteTables

AIM = 300.0  # milliseconds
_PORT = 7394
_PRODUCT = f"http://127.0.0.1:{_PORT}"
_DESK = "http://localhost:7395"
_PAGE = f'<!doctype html><iframe src="{_PRODUCT}/embed" style="width:420px;height:640px"></iframe>'
# Records when a message arrived, and when the frame with its result was rendered.
_WATCH = """() => {
  addEventListener("message", ({ data }) => {
    if (data?.type === "directories.pop") window.seen = { rung: performance.now() };
  }, true);
  document.addEventListener("htmx:afterSettle", (event) => {
    const { rung } = window.seen ?? {};
    if (event.detail.target.id !== "people" || !rung) return;
    requestAnimationFrame(() => setTimeout(() => { window.seen.drawn = performance.now() - rung; }));
  });
}"""
_RING = "(number) => frames[0].postMessage({ type: 'directories.pop', number }, '*')"
# The page itself contains the result, so its first frame with content shows it.
_OPENED = """() => new Promise((resolve) => {
  const look = () => {
    const [first] = performance.getEntriesByName("first-contentful-paint");
    if (first) resolve(first.startTime); else setTimeout(look, 5);
  };
  look();
})"""
_CASES: dict[str, Callable[[int], str]] = {
    "a person": lambda n: f"+4420{70_000_000 + n}",
    "a choice (the end of a number)": lambda n: f"{70_000_000 + n}",
    "nobody": lambda n: f"+4930{90_000_000 + n}",
}


class _Desk(BaseHTTPRequestHandler):
    """Serves the contact centre's page, which embeds the product."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(_PAGE.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def _serving_the_desk() -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", int(_DESK.rpartition(":")[2])), _Desk) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def main() -> None:
    """Fill a directory, announce many calls in each way, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.pop", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=60, help="of each case")
    options = parser.parse_args()
    os.environ["EMBEDDING_ORIGINS"] = _DESK
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        asyncio.run(_fill(file, options.people))
        with _serving_the_desk(), serving(Path.cwd(), f"sqlite:///{file}", _PORT):
            _print(options.people, options.runs)


async def _fill(file: Path, people: int) -> None:
    app = App(Settings.read({}), SystemClock(), SqliteTables(file))
    await filled(app, people, ACCOUNT)
    await app.close()


def _print(people: int, runs: int) -> None:
    names = ("chromium", "google-chrome", "chromium-browser")
    own = next((path for name in names if (path := shutil.which(name))), None)
    print(f"| {people:,} people: a call from | by | p50 | p95 |\n|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        desk = browser.new_page(viewport={"width": 1280, "height": 800})
        frame = _embed(desk)
        for case, number_of in _CASES.items():
            numbers = [number_of(random.randrange(people)) for _ in range(runs + 1)]
            ways: dict[str, Iterator[float]] = {
                "message": (_rung(desk, frame, number) for number in numbers),
                "address": (_opened(tab, number) for number in numbers),
                "JSON": _answered(numbers),
            }
            for way, taken in ways.items():
                cuts = quantiles(list(taken)[1:], n=20)  # the first run only warms caches
                mark = " !" if cuts[18] > AIM else ""
                print(f"| {case} | {way} | {cuts[9]:.0f} | {cuts[18]:.0f}{mark} |")
        browser.close()


def _embed(desk: Page) -> Frame:
    """Open the contact centre's page; return the product's frame when it is loaded."""
    desk.goto(f"{_DESK}/")
    desk.frame_locator("iframe").locator(".person").first.wait_for()
    frame = desk.frames[-1]
    frame.evaluate(_WATCH)
    return frame


def _rung(desk: Page, frame: Frame, number: str) -> float:
    desk.evaluate(_RING, number)
    frame.wait_for_function("() => window.seen?.drawn")
    drawn: float = frame.evaluate("window.seen.drawn")
    return drawn


def _opened(tab: Page, number: str) -> float:
    tab.goto(f"{_PRODUCT}/contacts?number={quote(number)}&pop=1", wait_until="commit")
    drawn: float = tab.evaluate(_OPENED)
    return drawn


def _answered(numbers: list[str]) -> Iterator[float]:
    connection = http.client.HTTPConnection("127.0.0.1", _PORT)
    for number in numbers:
        began = time.perf_counter()
        body = json.dumps({"number": number})
        connection.request("POST", "/api/contacts/pop", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
        yield (time.perf_counter() - began) * 1000
    connection.close()


if __name__ == "__main__":
    main()
