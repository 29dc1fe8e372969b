"""Call functions as the platform's engine does: coroutines on the event loop, other functions in threads.

Outputs are sent only after success.
"""

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import azure.functions as func
import orjson
from azure.functions.meta import Datum
from azure.functions.queue import QueueMessageOutConverter

from local.host.functions import Code

Send = Callable[[str, bytes], None]


class Output(func.Out[Any]):
    """The argument through which a function sets an output."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        self._value = val

    def get(self) -> Any:
        return self._value


@dataclass(slots=True)
class Context:
    """The argument for a function's parameter named `context`."""

    function_name: str
    function_directory: str
    invocation_id: str


class Invoker:
    """Calls functions; `send(queue, body)` receives the messages of their outputs."""

    def __init__(self, send: Send, directory: str = "") -> None:
        self._send = send
        self._directory = directory
        self._threads = ThreadPoolExecutor(thread_name_prefix="function")

    async def call(self, code: Code, trigger: Any) -> Any:
        """Call the function with its trigger's value, send its outputs, and return its result.

        Exceptions of the function and of encoding its outputs are not caught.
        """
        arguments: dict[str, Any] = {code.parameter: trigger}
        if code.wants_context:
            arguments["context"] = Context(code.name, self._directory, str(uuid.uuid4()))
        for name in code.outputs:
            if name != "$return":
                arguments[name] = Output()
        if code.is_async:
            result = await code.user_function(**arguments)
        else:
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(
                self._threads, lambda: code.user_function(**arguments)
            )
        if code.outputs:
            self._put_out(code, arguments, result)
        elif result is not None and not code.http_answer:
            raise TypeError(f"function {code.name} without a $return binding returned a value")
        return result

    def _put_out(self, code: Code, arguments: dict[str, Any], result: Any) -> None:
        """Encode all outputs before sending the first one, so that an invalid one has no effect."""
        messages = []
        for name, queue in code.outputs.items():
            value = result if name == "$return" else arguments[name].get()
            if value is not None:
                messages += [(queue, body) for body in encode(value)]
        for queue, body in messages:
            self._send(queue, body)

    def close(self) -> None:
        """Wait until the functions that run in threads have returned."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def encode(value: Any) -> list[bytes]:
    """Return the messages of an output: one for a text, several for a list."""
    datum: Datum = QueueMessageOutConverter.encode(value, expected_type=None)
    if datum.type == "string":
        return [_rewritten(datum.value)]
    if datum.type == "bytes":
        return [datum.value]
    given = orjson.loads(datum.value)
    items = given if isinstance(given, list) else [given]
    return [item.encode() if isinstance(item, str) else orjson.dumps(item) for item in items]


def _rewritten(text: str) -> bytes:
    """Return the message for a text; JSON is indented, because the host parses it and writes it again."""
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2)
    except orjson.JSONDecodeError:
        return text.encode()
