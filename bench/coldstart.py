"""Cold start in the engine that Azure runs: `python -m bench.coldstart` (Python 3.13).

From the start of the process until every function is loaded, for the product and for an app with one empty function
and the same Azure imports, in turns; medians with a warm file cache. At most 0.9 s, and 1.4 times the empty app.
"""

import asyncio
import importlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

ROUNDS = 11
LIMIT_SECONDS, LIMIT_RATIO = 0.9, 1.4
ROOT = Path(__file__).parent.parent
_EMPTY = """import aiohttp
import azure.data.tables.aio
import azure.functions as func
import pydantic

app = func.FunctionApp()


@app.route(route="empty")
async def empty(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("")
"""


def load(path: Path) -> int:
    """Load the app in this process, as the worker does; the number of its functions."""
    sys.path[:0] = [str(path.parent), str(ROOT)]
    os.environ["PYTHON_SCRIPT_FILE_NAME"] = path.name
    runtime: Any = importlib.import_module("azure_functions_runtime")
    protos: Any = importlib.import_module("tests.engine.protos")
    return asyncio.run(_load(runtime, protos, path))


async def _load(runtime: Any, protos: Any, path: Path) -> int:
    message = protos.Message

    async def send(name: str, **fields: Any) -> Any:
        request = message(request=message(**{name: message(**fields)}), properties={"protos": protos.Protos()})
        response = await getattr(runtime, name)(request)
        assert response.result.status == protos.StatusResult.Success, response.result.exception.message
        return response

    await send("worker_init_request", capabilities={}, function_app_directory=str(path.parent))
    functions = (await send("functions_metadata_request")).function_metadata_results
    for function in functions:
        await send("function_load_request", function_id=function.function_id)
    return len(functions)


def seconds(path: Path, environment: dict[str, str]) -> tuple[float, int]:
    """Seconds from the start of the process to the last function loaded, and how many there are."""
    code = f"from bench.coldstart import *; count = load(Path({str(path)!r})); print(time.monotonic(), count)"
    started = time.monotonic()  # the machine's clock, the same in every process
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr.strip().splitlines()[-1])
    finished, count = done.stdout.split()[-2:]
    return float(finished) - started, int(count)


def main() -> int:
    """Print both and the ratio; 1 where a limit is passed."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty_app.py"
        empty.write_text(_EMPTY)
        environment = {**os.environ, "TABLES": f"sqlite:///{folder}/bench.db"}
        paths = [ROOT / "function_app.py", empty]
        runs = [[seconds(path, environment) for path in paths] for _ in range(ROUNDS + 1)][1:]
    product, other = (median(run[column][0] for run in runs) for column in (0, 1))
    print(f"function_app  {product:6.2f} s   {runs[0][0][1]} functions loaded (at most {LIMIT_SECONDS} s)")
    print(f"empty app     {other:6.2f} s")
    print(f"ratio         {product / other:6.2f}     (at most {LIMIT_RATIO})")
    return int(product > LIMIT_SECONDS or product / other > LIMIT_RATIO)


if __name__ == "__main__":
    sys.exit(main())
