"""Measure how fast search results appear and how smoothly a long list scrolls: `python -m bench.drawn`.

Uses a real Chromium and a real host with the embedded engine, each in a process of its own. Queries
are typed key by key. The measured time is from the last key's input event to the first frame that
shows the result. It includes the page's pause for further keys, which the next column shows.
Figures are p50 and p95 of many runs, in milliseconds. Then the list is made longer and longer and
scrolled; a frame has 16.7 ms at 60 Hz.
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
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings
from shared.tables.sqlite import SqliteTables

AIM = 150.0  # milliseconds
_PORT = 7391
_BETWEEN_KEYS = 60  # milliseconds; faster than most people type
_QUERIES = {
    "a letter": "m",
    "a name": "muller",
    "two words": "anna mul",
    "a name with a typing error": "mulelr",
    "a name as it sounds": "smyth",
    "both words wrong": "hana smyth",
    "a title": "nurse",
    "an address": "person77@",
    "a number half typed": "+44 20 7000",
    "a whole number": "020 7000 0077",
    "nobody": "zzz",
}

# Records when a key was pressed, the request was sent, and the frame with its result was rendered.
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


_LENGTHS = (1_000, 2_000, 8_000)
_PART = 40  # people per part; the page removes parts far from the viewport
_LONG_TASKS = """() => {
  window.tasks = [];
  const note = (all) => all.getEntries().forEach((one) => window.tasks.push(one.duration));
  new PerformanceObserver(note).observe({ type: "longtask" });
}"""
_DRAW_UNTIL = """(parts) => {
  scrollTo(0, document.body.scrollHeight);
  return document.querySelectorAll(".part").length >= parts;
}"""
_SCROLL = """async () => {
  const frames = [];
  let last = performance.now();
  while (frames.length < 60) {
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
    scrollBy(0, -120);
  }
  return [frames.reduce((one, other) => one + other) / frames.length, Math.max(...frames)];
}"""


def main() -> None:
    """Fill a directory, type every query many times, scroll, and print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.drawn", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=40, help="of each query")
    parser.add_argument("--database", type=Path, help="a file to fill, or one that a run filled")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = (options.database or Path(folder) / "bench.db").absolute()
        if not file.exists():
            asyncio.run(_fill(file, options.people))
        with serving(Path.cwd(), f"sqlite:///{file}", _PORT):
            _print(f"http://127.0.0.1:{_PORT}", options.people, options.runs)


def _print(url: str, people: int, runs: int) -> None:
    names = ("chromium", "google-chrome", "chromium-browser")
    own = next((path for name in names if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{url}/contacts")
        page.evaluate(_WATCH)
        print(
            f"| {people:,} people: typed | p50 | p95 | of it waiting for keys | request and swap |"
        )
        print("|---|---|---|---|---|")
        for name, p50, p95, pause, request in _measured(page, runs):
            print(
                f"| {name} | {p50:.0f} | {p95:.0f}{' !' if p95 > AIM else ''} | {pause:.0f} | {request:.0f} |"
            )
        print("\n| rows drawn | mean frame | longest frame | longest task |\n|---|---|---|---|")
        for rows, mean, longest, task in _scrolled(page):
            print(f"| {rows:,} | {mean:.1f} | {longest:.0f} | {task:.0f} |")
        browser.close()


async def _fill(file: Path, people: int) -> None:
    app = App(Settings.read({}), SystemClock(), SqliteTables(file))
    await filled(app, people, ACCOUNT)
    await app.close()


def _measured(page: Page, runs: int) -> Iterator[tuple[str, float, float, float, float]]:
    for name, text in _QUERIES.items():
        _typed(page, text)  # warm
        found = [_typed(page, text) for _ in range(runs)]
        total, pause, request = zip(*found, strict=True)
        cuts = quantiles(total, n=20)
        yield (
            f"{name} (`{text}`)",
            cuts[9],
            cuts[18],
            quantiles(pause, n=2)[0],
            quantiles(request, n=2)[0],
        )


def _scrolled(page: Page) -> Iterator[tuple[int, float, float, float]]:
    """Yield a tuple for each length of the list, shortest first.

    It has the number of rows, the mean and the longest frame while scrolling, and the longest task
    before the scrolling, in milliseconds.
    """
    page.get_by_role("searchbox").fill("")
    page.wait_for_function("() => window.seen.drawn")
    page.evaluate(_LONG_TASKS)
    for length in _LENGTHS:
        page.wait_for_function(_DRAW_UNTIL, arg=length // _PART, timeout=120_000)
        mean, longest = page.evaluate(_SCROLL)
        yield (
            page.locator(".part").count() * _PART,
            mean,
            longest,
            page.evaluate("Math.max(0, ...window.tasks.splice(0))"),
        )


def _typed(page: Page, text: str) -> tuple[float, float, float]:
    """Type `text` into the empty field; return three durations in milliseconds.

    They are from the last key to the frame with the result, from the last key to the request, and from
    the request to its response.
    """
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
