"""Index an app's functions by trigger, and refuse those that the platform would refuse."""

import inspect
import re
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import GenericAlias
from typing import Any, get_args, get_type_hints

import azure.functions as func
from azure.functions.decorators.function_app import Function, FunctionRegister
from azure.functions.decorators.http import HttpTrigger
from azure.functions.decorators.queue import QueueTrigger
from azure.functions.decorators.timer import TimerTrigger

from local.host.errors import HostError
from local.host.templates import Template, parse

_SETTING = re.compile("%([^%]+)%")
RESERVED = ("admin", "runtime")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Code:
    """The Python side of a function: the callable, its trigger's parameter, and the queues of its outputs."""

    name: str
    user_function: Callable[..., Any]
    is_async: bool
    parameter: str
    annotation: object
    wants_context: bool
    outputs: Mapping[str, str]  # parameter name, or "$return", to queue name
    http_answer: bool


@dataclass(frozen=True, slots=True, eq=False)
class HttpFunction:
    """A function with an HTTP trigger; `methods` is None if it accepts all."""

    code: Code
    template: Template
    methods: frozenset[str] | None
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class TimerFunction:
    """A function with a timer trigger."""

    code: Code
    schedule: str
    run_on_startup: bool


@dataclass(frozen=True, slots=True, eq=False)
class QueueFunction:
    """A function with a queue trigger."""

    code: Code
    queue: str


@dataclass(slots=True)
class Functions:
    """The functions of an app, by trigger."""

    http: list[HttpFunction] = field(default_factory=list)
    timers: list[TimerFunction] = field(default_factory=list)
    queues: list[QueueFunction] = field(default_factory=list)


# An app can be indexed once only: a second get_functions() reports that names are not unique.
_indexed: weakref.WeakKeyDictionary[FunctionRegister, list[Function]] = weakref.WeakKeyDictionary()


def index(
    app: FunctionRegister, environment: Mapping[str, str], route_prefix: str = ""
) -> Functions:
    """Return the functions of `app`, with `%SETTING%` in queue names and schedules resolved.

    Raises:
        HostError: A function can't run locally; the text names it.
    """
    if app not in _indexed:
        try:
            _indexed[app] = app.get_functions()
        except ValueError as error:
            raise HostError(f"The app can't be indexed: {error}") from None
    functions = Functions()
    for function in _indexed[app]:
        _add(functions, function, environment, route_prefix)
    return functions


def _add(
    functions: Functions, function: Function, environment: Mapping[str, str], prefix: str
) -> None:
    trigger = function.get_trigger()
    code = _code(function, environment)
    match trigger:
        case HttpTrigger():
            functions.http.append(_http_function(code, trigger, prefix))
        case TimerTrigger():
            schedule = resolve(trigger.schedule, environment)
            functions.timers.append(TimerFunction(code, schedule, bool(trigger.run_on_startup)))
        case QueueTrigger():
            functions.queues.append(
                QueueFunction(code, resolve(trigger.queue_name, environment).lower())
            )
        case _:
            kind = trigger.type if trigger else "no"
            raise HostError(
                f"Function {code.name} has a trigger of kind {kind}, which does not run locally."
            )


def _http_function(code: Code, trigger: HttpTrigger, prefix: str) -> HttpFunction:
    # An empty route counts as missing, so the function's name is the route; "/" is the root.
    route = trigger.route or code.name
    path = f"{prefix}/{route.lstrip('/')}" if prefix else route
    try:
        template = parse(path)
    except ValueError as error:
        raise HostError(f"Function {code.name} has the template {path!r}: {error}.") from None
    if path.lstrip("~/").split("/")[0].lower() in RESERVED:
        raise HostError(
            f"Function {code.name} has the template {path!r}; admin and runtime belong to the host."
        )
    methods = (
        None if trigger.methods is None else frozenset(str(method) for method in trigger.methods)
    )
    return HttpFunction(code, template, methods, code.name)


def _code(function: Function, environment: Mapping[str, str]) -> Code:
    name = function.get_function_name() or ""
    trigger = function.get_trigger()
    user_function = function.get_user_function()
    hints = get_type_hints(user_function)
    bindings = {binding.name: binding for binding in function.get_bindings()}
    parameters = set(inspect.signature(user_function).parameters)
    wants_context = "context" in parameters and "context" not in bindings
    unbound = (parameters - {"context"} if wants_context else parameters) ^ (
        set(bindings) - {"$return"}
    )
    if unbound:
        raise HostError(
            f"Function {name}: parameters and bindings differ in {', '.join(sorted(unbound))}."
        )
    returned = hints.get("return")
    if (
        "$return" in bindings
        and bindings["$return"].type == "http"
        and returned not in (None, str, func.HttpResponse)
    ):
        raise HostError(f"Function {name} must return azure.functions.HttpResponse or str.")
    outputs = {
        key: resolve(str(getattr(binding, "queue_name", "")), environment).lower()
        for key, binding in bindings.items()
        if binding.type == "queue"
    }
    other = {binding.type for binding in bindings.values() if binding is not trigger} - {
        "queue",
        "http",
    }
    if other:
        raise HostError(
            f"Function {name} has a binding of kind {other.pop()}, which does not run locally."
        )
    for key in outputs:
        _check_out(name, key, hints.get(key))
    is_http = any(binding.type == "http" for binding in bindings.values())
    parameter = trigger.name if trigger else ""
    is_async = inspect.iscoroutinefunction(user_function)
    return Code(
        name=name,
        user_function=user_function,
        is_async=is_async,
        parameter=parameter,
        annotation=hints.get(parameter),
        wants_context=wants_context,
        outputs=outputs,
        http_answer=is_http,
    )


def _check_out(function: str, parameter: str, annotation: object) -> None:
    """Raise HostError for a parameter typed with `list[str]`, because the engine only accepts `typing.List[str]`."""
    if any(isinstance(argument, GenericAlias) for argument in get_args(annotation)):
        raise HostError(
            f"Function {function}: write azure.functions.Out[typing.List[...]] for {parameter}, not list[...]."
        )


def resolve(text: str, environment: Mapping[str, str]) -> str:
    """Return the text with each `%NAME%` replaced by that setting; raise HostError if the setting is missing."""

    def value(match: re.Match[str]) -> str:
        if match.group(1) not in environment:
            raise HostError(f"The setting {match.group(1)}, used in {text!r}, is missing.")
        return environment[match.group(1)]

    return _SETTING.sub(value, text)
