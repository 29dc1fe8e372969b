"""The messages of the worker protocol as plain Python objects; the engine accepts any object with
these names and fields.

(azure-functions-language-worker-protobuf: FunctionRpc.proto)
"""

from types import SimpleNamespace
from typing import Any


class Message(SimpleNamespace):
    """A message that has exactly the fields passed to its constructor."""


class TypedData(SimpleNamespace):
    """A value with exactly one field, whose name is its kind (protobuf's `oneof`)."""

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802  the name that protobuf gives it
        """Return the kind of the value; None if no field is set."""
        return next(iter(vars(self)), None)


class ParameterBinding(SimpleNamespace):
    """A named input or output."""

    def WhichOneof(self, group: str) -> str:  # noqa: N802
        """Return "data": the value is in the message, and never in shared memory."""
        return "data"


class StatusResult(Message):
    """The status of an invocation."""

    Failure, Success = 0, 1


class BindingInfo(Message):
    """A binding in a function's metadata."""

    out, inout, undefined = 1, 2, 0


class RpcHttpCookie(Message):
    """A cookie of a response."""

    SameSite = SimpleNamespace(Lax="Lax", Strict="Strict", ExplicitNone="None", **{"None": ""})


class Protos:
    """A namespace in which the engine looks up the message classes by name."""

    TypedData = TypedData
    ParameterBinding = ParameterBinding
    StatusResult = StatusResult
    BindingInfo = BindingInfo
    RpcHttpCookie = RpcHttpCookie

    def __getattr__(self, name: str) -> Any:
        return Message
