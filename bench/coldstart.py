"""Measure cold starts in Azure's Python engine: `python -m bench.coldstart` (Python 3.13).

Measures the time from the start of the process until every function is loaded, with a warm file
cache. The cases take turns, and medians are printed. They are: the product as in Azure (tables in a
storage account, managed identity); the same without bytecode of its own (a deployed package has
none, so the first start of an instance compiles it); the same with OpenTelemetry; the product with
the embedded engine; and an app with one empty function and the same Azure imports. The limits for
the product as in Azure are 0.9 s, and 1.4 times the empty app's CPU time.
"""

import asyncio
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import Any, NamedTuple
from uuid import UUID

ROUNDS = 11
LIMIT_SECONDS, LIMIT_RATIO = 0.9, 1.4
_NOBODY = "http://127.0.0.1:9/"
ROOT = Path(__file__).parent.parent
_EMPTY = """import aiohttp
import azure.data.tables.aio
import azure.functions as func
import azure.identity.aio

app = func.FunctionApp()


@app.route(route="empty")
async def empty(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("")
"""


def load(path: Path) -> int:
    """Load the app in this process, as the worker does; return the number of its functions."""
    sys.path[:0] = [str(path.parent), str(ROOT)]
    os.environ["PYTHON_SCRIPT_FILE_NAME"] = path.name
    runtime: Any = importlib.import_module("azure_functions_runtime")
    protos: Any = importlib.import_module("tests.engine.protos")
    return asyncio.run(_load(runtime, protos, path))


async def _load(runtime: Any, protos: Any, path: Path) -> int:
    message = protos.Message

    async def send(name: str, **fields: Any) -> Any:
        request = message(
            request=message(**{name: message(**fields)}), properties={"protos": protos.Protos()}
        )
        response = await getattr(runtime, name)(request)
        assert response.result.status == protos.StatusResult.Success, (
            response.result.exception.message
        )
        return response

    await send("worker_init_request", capabilities={}, function_app_directory=str(path.parent))
    functions = (await send("functions_metadata_request")).function_metadata_results
    for function in functions:
        await send("function_load_request", function_id=function.function_id)
    return len(functions)


class Started(NamedTuple):
    """The seconds from the start to the last function loaded, the CPU seconds, and the number of functions."""

    seconds: float
    processor_seconds: float
    functions: int


def start(path: Path, environment: dict[str, str]) -> Started:
    """Load the app in a new process and return its figures."""
    code = f"from bench.coldstart import *; count = load(Path({str(path)!r})); print(time.monotonic(), count)"
    before, started = (
        getrusage(RUSAGE_CHILDREN),
        time.monotonic(),
    )  # a clock that all processes share
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr.strip().splitlines()[-1])
    after = getrusage(RUSAGE_CHILDREN)
    finished, count = done.stdout.split()[-2:]
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Started(float(finished) - started, used, int(count))


def cases(folder: Path) -> dict[str, tuple[Path, dict[str, str]]]:
    """Return the app's file and its settings for each case, by name."""
    app, empty = ROOT / "function_app.py", folder / "empty_app.py"
    empty.write_text(_EMPTY)
    bytecode = {"PYTHONPYCACHEPREFIX": f"{folder}/bytecode", "PYTHONDONTWRITEBYTECODE": ""}
    azure = {
        **bytecode,
        "TABLES": "https://coldstart.table.core.windows.net",
        "MANAGED_IDENTITY_CLIENT_ID": "coldstart",
    }
    telemetry = {
        "PYTHON_ENABLE_OPENTELEMETRY": "true",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={UUID(int=0)};IngestionEndpoint={_NOBODY}",
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "TMPDIR": str(folder),
    }
    return {
        "in Azure": (app, azure),
        "… no bytecode": (_copy(folder), {**azure, "PYTHONDONTWRITEBYTECODE": "1"}),
        "… OpenTelemetry": (app, {**azure, **telemetry}),
        "embedded engine": (app, {**bytecode, "TABLES": f"sqlite:///{folder}/bench.db"}),
        "empty app": (empty, azure),
    }


def _copy(folder: Path) -> Path:
    """Return the path of a copy of the product's `function_app.py` in a folder without cached bytecode."""
    copy = folder / "copy"
    for package in ("shared", "directories", "scim", "presence", "contacts", "web"):
        shutil.copytree(
            ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return Path(shutil.copy(ROOT / "function_app.py", copy))


def main() -> int:
    """Print each case and its ratio to the empty app; return 1 if the product exceeds a limit.

    The ratio is of CPU time, because that depends least on the machine's load.
    """
    with tempfile.TemporaryDirectory() as folder:
        measured = cases(Path(folder))
        runs = [
            [start(path, {**os.environ, **environment}) for path, environment in measured.values()]
            for _ in range(ROUNDS + 1)
        ][1:]
    medians = {
        name: (
            median(run[column][0] for run in runs),
            median(run[column][1] for run in runs),
            runs[0][column][2],
        )
        for column, name in enumerate(measured)
    }
    empty = medians["empty app"][1]
    for name, (seconds, used, count) in medians.items():
        print(
            f"{name:16} {seconds:5.2f} s   processor {used:5.2f} s, {used / empty:5.2f} times   {count} functions"
        )
    print(f"in Azure at most {LIMIT_SECONDS} s and {LIMIT_RATIO} times the empty app")
    seconds, used, _ = medians["in Azure"]
    return int(seconds > LIMIT_SECONDS or used / empty > LIMIT_RATIO)


if __name__ == "__main__":
    sys.exit(main())
