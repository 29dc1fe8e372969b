"""Constraints of route templates, as ASP.NET Core reads them (learn.microsoft.com, "Route constraint reference")."""

import math
import re
from collections.abc import Callable

Check = Callable[[str], bool]

_HEX = "[0-9a-fA-F]"
_GUID = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_GUIDS = re.compile(rf"{_HEX}{{32}}|{_GUID}|\{{{_GUID}\}}|\({_GUID}\)")
_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_DECIMAL = re.compile(r"\s*[+-]?(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)\s*")


def _integer(bits: int) -> Check:
    limit = 2 ** (bits - 1)
    return lambda text: bool(_INTEGER.fullmatch(text)) and -limit <= int(text) < limit


def _number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


_PLAIN: dict[str, Check] = {
    "alpha": lambda text: text.isascii() and text.isalpha(),
    "bool": lambda text: text.lower() in ("true", "false"),
    "decimal": lambda text: bool(_DECIMAL.fullmatch(text)),
    "double": _number,
    "float": _number,
    "guid": lambda text: bool(_GUIDS.fullmatch(text)),
    "int": _integer(32),
    "long": _integer(64),
    "required": bool,
}


def _between(low: float, high: float) -> Check:
    whole = _integer(64)
    return lambda text: whole(text) and low <= int(text) <= high


def _lengths(low: float, high: float) -> Check:
    return lambda text: low <= len(text) <= high


def _with_numbers(name: str, numbers: list[int]) -> Check | None:
    match name, numbers:
        case "length", [exact]:
            return _lengths(exact, exact)
        case "length", [low, high]:
            return _lengths(low, high)
        case "minlength", [low]:
            return _lengths(low, math.inf)
        case "maxlength", [high]:
            return _lengths(0, high)
        case "min", [low]:
            return _between(low, math.inf)
        case "max", [high]:
            return _between(-math.inf, high)
        case "range", [low, high]:
            return _between(low, high)
    return None


def constraint(text: str) -> Check:
    """The check of one constraint such as `guid` or `length(3,5)`; ValueError where the host would not know it."""
    name, _, argument = text.partition("(")
    if not argument:
        found = _PLAIN.get(name)
    elif name == "regex":
        pattern = re.compile(argument[:-1], re.IGNORECASE | re.ASCII)
        return lambda value: bool(pattern.search(value))
    else:
        found = _with_numbers(name, [int(number) for number in argument[:-1].split(",")])
    if found is None:
        raise ValueError(f"the constraint {text} is not known")
    return found
