"""The log levels of host.json, which keep the app's log lines and drop two lines of the host per call.

At its default level the host logs "Executing" and "Executed" for each call, which costs a tenth to
a quarter of a small call's CPU time and two stored rows. These lines have the category
`Function.NAME`, and a function's own lines have `Function.NAME.User`; the longest matching category
decides (learn.microsoft.com/azure/azure-functions/configure-monitoring).
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from local.host.loading import close_app, find_app, load_module
from local.host.running import ROOT


def function_names() -> list[str]:
    """Return the names of all functions of the app."""
    with tempfile.TemporaryDirectory() as folder:
        module = load_module(ROOT / "function_app.py", {"TABLES": f"sqlite:///{folder}/none.db"})
        names = [str(function.get_function_name()) for function in find_app(module).get_functions()]
        asyncio.run(close_app(module))
        return names


def levels(names: list[str]) -> dict[str, str]:
    """Return the level of each category: WARNING for the host's lines, INFORMATION for the app's.

    The host's averages (`Host.Aggregator`) are switched off, because `metrics.calls` has these
    figures.
    """
    found = {"Host.Aggregator": "None"}
    for name in sorted(names):
        found |= {f"Function.{name}": "Warning", f"Function.{name}.User": "Information"}
    return found


def host_file(text: str, names: list[str]) -> str:
    """Return the content of host.json with the levels of these functions; `text` is its present content."""
    content: dict[str, Any] = json.loads(text)
    rest = {name: value for name, value in content["logging"].items() if name != "logLevel"}
    content["logging"] = {"logLevel": levels(names), **rest}
    return json.dumps(content, indent=2) + "\n"


HOST_FILE: Path = ROOT / "host.json"
