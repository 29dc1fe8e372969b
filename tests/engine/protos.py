"""The messages of the worker protocol as plain Python objects: the engine takes whatever has these names and fields.

(azure-functions-language-worker-protobuf: FunctionRpc.proto)
"""

from types import SimpleNamespace
from typing import Any


class Message(SimpleNamespace):
    """A message with the fields that it was made with."""


class TypedData(SimpleNamespace):
    """A value of one of several kinds."""

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802  the name that protobuf gives it
        """The kind that is set."""
        return next(iter(vars(self)), None)


class ParameterBinding(SimpleNamespace):
    """A named input or output."""

    def WhichOneof(self, group: str) -> str:  # noqa: N802
        """Always by value, never through shared memory."""
        return "data"


class StatusResult(Message):
    """How a call went."""

    Failure, Success = 0, 1


class BindingInfo(Message):
    """A binding in the metadata of a function."""

    out, inout, undefined = 1, 2, 0


class RpcHttpCookie(Message):
    """A cookie of an answer."""

    SameSite = SimpleNamespace(Lax="Lax", Strict="Strict", ExplicitNone="None", **{"None": ""})


class Protos:
    """The container in which the engine looks up the messages."""

    TypedData = TypedData
    ParameterBinding = ParameterBinding
    StatusResult = StatusResult
    BindingInfo = BindingInfo
    RpcHttpCookie = RpcHttpCookie

    def __getattr__(self, name: str) -> Any:
        return Message
