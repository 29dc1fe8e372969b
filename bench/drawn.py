"""How soon an agent sees the answer to a search: `python -m bench.drawn [--people 100000]`.

A real Chromium at a real host with the embedded engine, each in a process of its own. A query is typed key by key; the
time goes from the last key's input event to the first frame that shows the answer, the page's pause for more keys
included (the column beside it says how much of it that is). p50 and p95 of many runs, in milliseconds.
"""

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from playwright.sync_api import Page, sync_playwright

from bench.provisioning import serving
from bench.search import filled
from local.host.sign_in import ACCOUNT
from shared.clock import SystemClock
from shared.services import Services
from shared.settings import Settings
from shared.tables.sqlite import SqliteTables

AIM = 150.0  # milliseconds
_PORT = 7391
_BETWEEN_KEYS = 60  # milliseconds; faster than most people type
_QUERIES = {
    "a letter": "m",
    "a name": "muller",
    "two words": "anna mul",
    "a title": "nurse",
    "an address": "person77@",
    "a number half typed": "+44 20 7000",
    "a whole number": "020 7000 0077",
    "nobody": "zzz",
}

# Notes when a key was pressed, when the request left, when the frame with its answer was there.
_WATCH = """() => {
  window.seen = {};
  addEventListener("input", () => { window.seen = { input: performance.now() }; }, true);
  document.addEventListener("htmx:beforeSend", (event) => {
    if (event.detail.requestConfig.path === "/contacts/list") window.seen.sent = performance.now();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "people" || !window.seen.sent) return;
    const { input, sent } = window.seen;
    const swapped = performance.now();
    requestAnimationFrame(() => setTimeout(() => {
      if (window.seen.input === input) window.seen.drawn = [performance.now() - input, sent - input, swapped - sent];
    }));
  });
}"""


def main() -> None:
    """Fill a directory, type every query many times, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.drawn", description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=40, help="of each query")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        asyncio.run(_fill(file, options.people))
        with serving(Path.cwd(), f"sqlite:///{file}", _PORT):
            print(f"| {options.people:,} people: typed | p50 | p95 | of it waiting for keys | request and swap |")
            print("|---|---|---|---|---|")
            for name, p50, p95, pause, request in _measured(f"http://127.0.0.1:{_PORT}", options.runs):
                print(f"| {name} | {p50:.0f} | {p95:.0f}{' !' if p95 > AIM else ''} | {pause:.0f} | {request:.0f} |")


async def _fill(file: Path, people: int) -> None:
    services = Services(Settings.read({}), SystemClock(), SqliteTables(file))
    await filled(services, people, ACCOUNT)
    await services.tables.close()


def _measured(url: str, runs: int) -> Iterator[tuple[str, float, float, float, float]]:
    names = ("chromium", "google-chrome", "chromium-browser")
    own = next((path for name in names if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{url}/contacts")
        page.evaluate(_WATCH)
        for name, text in _QUERIES.items():
            _typed(page, text)  # warm
            found = [_typed(page, text) for _ in range(runs)]
            total, pause, request = zip(*found, strict=True)
            cuts = quantiles(total, n=20)
            yield f"{name} (`{text}`)", cuts[9], cuts[18], quantiles(pause, n=2)[0], quantiles(request, n=2)[0]
        browser.close()


def _typed(page: Page, text: str) -> tuple[float, float, float]:
    """Type `text` into the empty field: milliseconds from the last key to the frame and to the request, and its own."""
    field = page.get_by_role("searchbox")
    if field.input_value():
        field.fill("")
        page.wait_for_function("() => window.seen.drawn")
    field.press_sequentially(text[:-1], delay=_BETWEEN_KEYS)
    page.wait_for_function("() => !document.querySelector('#filters.htmx-request')")
    field.press(text[-1])
    page.wait_for_function("() => window.seen.drawn")
    drawn: list[float] = page.evaluate("window.seen.drawn")
    return drawn[0], drawn[1], drawn[2]


if __name__ == "__main__":
    main()
