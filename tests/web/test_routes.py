"""Every page has a route, a template and a test in the browser (CONTRIBUTING.md, "Add a page")."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

from shared.http import Response
from web import pages, routes

_WEB = Path(routes.__file__).parent
_BROWSER_TESTS = _WEB.parent / "tests/browser"
# Parts of the Organisation page, which are tested with it.
_FRAGMENTS = {"companies", "pop", "team"}


def _handlers() -> Iterator[str]:
    """Yield the functions of web.pages that return a response, as `module.name`."""
    for module in pkgutil.iter_modules(pages.__path__):
        found = importlib.import_module(f"web.pages.{module.name}")
        for name, function in vars(found).items():
            is_own = getattr(function, "__module__", "") == found.__name__
            if is_own and not name.startswith("_") and inspect.iscoroutinefunction(function):
                signature = inspect.signature(function)
                if signature.return_annotation is Response and list(signature.parameters) == [
                    "visit"
                ]:
                    yield f"{module.name}.{name}"


def test_every_page_has_an_address() -> None:
    """web/routes.py names each handler; another one would never be called."""
    source = (_WEB / "routes.py").read_text(encoding="utf-8")
    assert not [one for one in _handlers() if not re.search(rf"\b{one}\b", source)]


def test_every_template_exists_and_is_used() -> None:
    """Templates are named in double quotes by pages and other templates."""
    paths = [*_WEB.rglob("*.py"), *(_WEB / "templates").glob("*.html")]
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    there = {path.name for path in (_WEB / "templates").glob("*.html")}
    assert set(re.findall(r'"([a-z_]+\.html)"', text)) == there


def test_every_page_is_opened_in_the_browser() -> None:
    """tests/browser/pages.py lists the pages that axe checks, and whose error states are tested."""
    text = "".join(path.read_text(encoding="utf-8") for path in _BROWSER_TESTS.glob("*.py"))
    missing = [
        part
        for part, by_method in (routes._OF_DIRECTORY | routes._OF_CONTACTS).items()
        if getattr(by_method.get("GET"), "__name__", "").startswith("show")
        and part not in _FRAGMENTS
        and not re.search(rf"/{part}\b", text)
    ]
    assert not missing
