"""The log levels of host.json: the app's own lines, without the host's two for each call.

At its default level the host writes "Executing" and "Executed" for each call, which costs a tenth to a quarter of a small
call's processor time and two stored rows. They have the category `Function.NAME`; a function's own lines have
`Function.NAME.User`, and the longest category that fits decides (learn.microsoft.com/azure/azure-functions/configure-monitoring).
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from local.host.loading import close_app, find_app, load_module
from local.host.running import ROOT


def function_names() -> list[str]:
    """Return the names of all functions, as the worker lists them."""
    with tempfile.TemporaryDirectory() as folder:
        module = load_module(ROOT / "function_app.py", {"TABLES": f"sqlite:///{folder}/none.db"})
        names = [str(function.get_function_name()) for function in find_app(module).get_functions()]
        asyncio.run(close_app(module))
        return names


def levels(names: list[str]) -> dict[str, str]:
    """Return the level of each category: warnings of the host, and all lines of the app.

    The host's own averages (`Host.Aggregator`) are left out: `metrics.calls` has them.
    """
    found = {"Host.Aggregator": "None"}
    for name in sorted(names):
        found |= {f"Function.{name}": "Warning", f"Function.{name}.User": "Information"}
    return found


def host_file(text: str, names: list[str]) -> str:
    """Return the text of host.json with the levels of these functions."""
    content: dict[str, Any] = json.loads(text)
    rest = {name: value for name, value in content["logging"].items() if name != "logLevel"}
    content["logging"] = {"logLevel": levels(names), **rest}
    return json.dumps(content, indent=2) + "\n"


HOST_FILE: Path = ROOT / "host.json"
