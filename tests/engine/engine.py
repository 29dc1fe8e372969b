"""Drives the engine that Azure's Python 3.13 worker loads (azure-functions-runtime) as the host drives it.

The conversion between requests and the engine's messages (azure-functions-host:
GrpcMessageConversionExtensions, GrpcMessageExtensionUtilities) is written here independently of
`local/host`, so that each checks the other. Routes come from the metadata that the engine reports,
not from the app.
"""

import importlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.host.http import HostResponse, query_parameters
from local.host.paths import encode_path
from local.host.routes import Router
from local.host.templates import Template, parse

from .protos import Message, ParameterBinding, Protos, TypedData


class EngineError(Exception):
    """Raised with the engine's own text if it refuses to load the app, or if a function fails."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function with the metadata that the engine reports to the host."""

    name: str
    id: str
    trigger: str  # name of the parameter
    kind: str
    template: Template
    methods: frozenset[str] | None
    raw: Mapping[str, Any]


class Engine:
    """One app in the engine, which has its state in the process: only the app that was loaded last can be
    called.
    """

    trace_parent = ""  # the trace that the host began (W3C Trace Context), as of the next call

    def __init__(self, functions: list[Function], runtime: Any) -> None:
        self.functions = {function.name: function for function in functions}
        self._runtime = runtime
        self._router = Router(
            [function for function in functions if function.kind == "httpTrigger"]
        )

    @classmethod
    async def load(cls, path: Path, environment: Mapping[str, str]) -> "Engine":
        """Index the app at `path` as the worker does when it starts; raise EngineError if the
        engine refuses it.
        """
        runtime = importlib.import_module("azure_functions_runtime")
        events: Any = importlib.import_module("azure_functions_runtime.handle_event")
        registry = importlib.import_module("azure_functions_runtime.functions")
        events._functions = registry.Registry()
        os.environ.update({**environment, "PYTHON_SCRIPT_FILE_NAME": path.name})
        sys.modules.pop(path.stem, None)
        sys.path.insert(0, str(path.parent))
        runtime.start_threadpool_executor()
        try:
            initial = Message(capabilities={}, function_app_directory=str(path.parent))
            _check(await runtime.worker_init_request(_request(worker_init_request=initial)))
            reported = await runtime.functions_metadata_request(
                _request(functions_metadata_request=Message())
            )
            functions = [_function(each) for each in _check(reported).function_metadata_results]
            for function in functions:
                load = Message(function_id=function.id, metadata=None)
                _check(await runtime.function_load_request(_request(function_load_request=load)))
        finally:
            sys.path.remove(str(path.parent))
            os.environ.pop("PYTHON_SCRIPT_FILE_NAME")
        return cls(functions, runtime)

    @staticmethod
    def module(path: Path) -> Any:
        """Return the module that the engine imported from `path`."""
        return sys.modules[path.stem]

    def close(self) -> None:
        """Stop the engine's threads."""
        self._runtime.stop_threadpool_executor()

    async def answer(
        self, method: str, origin: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> HostResponse:
        """Return the response that the platform's host sends; see `local.host.http.HttpFunctions.answer`."""
        found = self._router.match(method, path)
        if found is None:
            return HostResponse(404, [], b"")
        function, route = found
        url = origin + encode_path(path) + (f"?{query}" if query else "")
        http = Message(
            method=method,
            url=url,
            headers=headers,
            params=route,
            query=query_parameters(query),
            body=TypedData(),
        )
        if body:
            http.body = TypedData(bytes=body)
        try:
            response = await self._invoke(function, TypedData(http=http), {})
        except EngineError:
            return HostResponse(500, [], b"")
        return _answer(response.return_value)

    async def timer(self, name: str, *, past_due: bool = False) -> dict[str, list[str]]:
        """Call a timer function; return the messages that it sends, by the name of the output."""
        status = {
            "Last": "0001-01-01T00:00:00",
            "Next": "0001-01-01T00:00:00",
            "LastUpdated": "0001-01-01T00:00:00",
        }
        info = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due}
        response = await self._invoke(self.functions[name], TypedData(json=json.dumps(info)), {})
        return _messages(response)

    async def queue(self, name: str, body: str, *, dequeue_count: int = 1) -> dict[str, list[str]]:
        """Call a queue function with a message; return the messages that it sends, by the name of the output."""
        now = format_datetime(datetime(2026, 1, 1, tzinfo=UTC))
        moment = json.dumps(datetime(2026, 1, 1, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00"))
        metadata = {
            "Id": TypedData(string="00000000-0000-4000-8000-000000000001"),
            "DequeueCount": TypedData(json=str(dequeue_count)),
            "PopReceipt": TypedData(string=now),
            **{
                key: TypedData(json=moment)
                for key in ("InsertionTime", "ExpirationTime", "NextVisibleTime")
            },
        }
        return _messages(await self._invoke(self.functions[name], TypedData(string=body), metadata))

    async def _invoke(
        self, function: Function, trigger: TypedData, metadata: dict[str, TypedData]
    ) -> Any:
        invocation = Message(
            invocation_id="00000000-0000-4000-8000-0000000000ff",
            function_id=function.id,
            input_data=[ParameterBinding(name=function.trigger, data=trigger)],
            trigger_metadata=metadata,
            trace_context=Message(trace_parent=self.trace_parent, trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
        return _check(
            await self._runtime.invocation_request(_request(invocation_request=invocation))
        )


def _request(**content: Message) -> Message:
    return Message(request=Message(**content), properties={"protos": Protos(), "host": "127.0.0.1"})


def _check(response: Any) -> Any:
    if response.result.status != Protos.StatusResult.Success:
        raise EngineError(response.result.exception.message)
    return response


def _function(reported: Any) -> Function:
    bindings = [json.loads(raw) for raw in reported.raw_bindings]
    trigger = next(each for each in bindings if each["type"].lower().endswith("trigger"))
    route = trigger.get("route") or reported.name
    methods = trigger.get("methods")
    template = parse(route if trigger["type"] == "httpTrigger" else "")
    allowed = frozenset(methods) if methods else None
    return Function(
        reported.name,
        reported.function_id,
        trigger["name"],
        trigger["type"],
        template,
        allowed,
        trigger,
    )


def _answer(value: Any) -> HostResponse:
    """Convert the engine's response as the host does (RawScriptResult)."""
    kind = value.WhichOneof("data")
    if kind == "string":
        return HostResponse(
            200, [("content-type", "text/plain; charset=utf-8")], value.string.encode()
        )
    http = value.http
    status = int(http.status_code)
    headers = {name.lower(): text for name, text in http.headers.items()}
    has_body = status not in (204, 205, 304) and "transfer-encoding" not in headers
    for framing in (
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "date",
    ):
        headers.pop(framing, None)
    cookies = [("set-cookie", _cookie(cookie)) for cookie in http.cookies or []]
    body = http.body.bytes if has_body else b""
    return HostResponse(status, [*headers.items(), *cookies], body)


def _cookie(cookie: Any) -> str:
    """Return the value of a Set-Cookie header (aspnetcore: SetCookieHeaderValue.AppendToStringBuilder)."""
    text = f"{quote(cookie.name, safe='')}={quote(cookie.value, safe='')}"
    if cookie.expires is not None:
        moment = datetime.fromtimestamp(cookie.expires.value.seconds).replace(tzinfo=UTC)
        text += f"; expires={format_datetime(moment, usegmt=True)}"
    if cookie.max_age is not None:
        text += f"; max-age={int(cookie.max_age.value)}"
    for name, attribute in (("domain", cookie.domain), ("path", cookie.path)):
        text += f"; {name}={attribute.value}"
    text += "; secure" if cookie.secure.value else ""
    text += f"; samesite={cookie.same_site.lower()}" if cookie.same_site else ""
    return text + ("; httponly" if cookie.http_only.value else "")


def _messages(response: Any) -> dict[str, list[str]]:
    outputs = [(each.name, each.data) for each in response.output_data]
    if response.return_value is not None:
        outputs.append(("$return", response.return_value))
    return {name: _texts(data) for name, data in outputs}


def _texts(data: Any) -> list[str]:
    match data.WhichOneof("data"):
        case "string":
            return [str(data.string)]
        case "bytes":
            return [bytes(data.bytes).decode()]
    content = json.loads(data.json)
    items = content if isinstance(content, list) else [content]
    return [item if isinstance(item, str) else json.dumps(item) for item in items]
