"""Rules that hold for the core as a whole."""

import re
import subprocess
import sys
from pathlib import Path

import scim.core

CORE = Path(scim.core.__file__).parent
CORE_RULES = {
    "ALPHA",
    "DIGIT",
    "DQUOTE",
    "HEXDIG",
    "SP",
    "HTAB",
    "CR",
    "LF",
}  # RFC 5234, appendix B


def test_the_core_imports_nothing_heavy() -> None:
    """`scim/core` does no I/O and must start fast: it imports no pydantic, azure or HTTP
    library.
    """
    modules = ", ".join(f"scim.core.{path.stem}" for path in CORE.glob("[a-z]*.py"))
    heavy = [
        "pydantic",
        "azure",
        "aiohttp",
        "asyncio",
        "orjson",
        "jinja2",
        "phonenumbers",
        "msal",
        "sqlite3",
        "socket",
    ]
    code = f"import sys, {modules}; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=CORE.parents[1],
    )
    assert run.stdout.strip() == "[]"


def test_every_rule_of_the_grammar_is_defined() -> None:
    """Each rule that filter.abnf refers to is defined there or in RFC 5234."""
    text = re.sub(r";.*", "", (CORE / "filter.abnf").read_text(encoding="utf-8"))
    text = re.sub(r'"[^"]*"|%x[0-9A-F-]+', " ", text)
    defined = set(re.findall(r"^([A-Za-z][\w-]*) *=", text, re.MULTILINE))
    used = set(re.findall(r"(?<![\w-])[A-Za-z][\w-]*", text))
    assert used - defined - CORE_RULES == set()
    assert {"filter", "PATH"} <= defined
