"""Texts for people: codes with parameters, rendered from one catalogue per language.

`shared/locales/{language}.json` maps each code to a pattern with `{parameters}`. Every language has
the same codes with the same parameters. A code never changes, because stored rows and API clients
contain it; the wording of a pattern may change at any time. A catalogue is loaded when it is first
needed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Union

LANGUAGES = ("en", "de")
_FOLDER = Path(__file__).parent / "locales"
_MAX_STORED_PARAM = 200  # characters
_ELLIPSIS = "…"

Param = Union[str, int, "Message"]


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """A text for people: `code` names a pattern of the catalogue, `params` are the values for its parameters.

    A parameter may itself be a message; it is rendered in the language of the whole.
    """

    code: str
    params: Mapping[str, Param]

    def __init__(self, code: str, /, **params: Param) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "params", params)

    def text(self, language: str = "en", *, grouped: bool = False) -> str:
        """Return the message in `language`.

        Args:
            language: One of LANGUAGES.
            grouped: Whether integers have a separator between thousands. True for pages; False for
                programs, which parse the digits.

        Raises:
            KeyError: The catalogue lacks the code, or the pattern has a parameter of another name.
        """
        params = {
            name: _shown(param, language, grouped=grouped) for name, param in self.params.items()
        }
        return catalogue(language)[self.code].format(**params)


def counted(code: str, count: int, /, **params: Param) -> Message:
    """Return the message `code` with the parameter `count`; for a count of 1, `{code}_one` if it exists."""
    singular = f"{code}_one"
    chosen = singular if count == 1 and singular in catalogue("en") else code
    return Message(chosen, count=count, **params)


def group_thousands(number: int, language: str) -> str:
    """Return an integer as text with the language's separator between groups of three digits."""
    text = f"{number:,}"
    return text.replace(",", ".") if language == "de" else text


class CodeFamily:
    """The message codes `{prefix}{member}{suffix}`, one per member of a fixed set.

    Code that chooses a text by a value uses a family, so that a test can list all codes in use.
    """

    __slots__ = ("members", "prefix", "suffix")

    def __init__(self, prefix: str, members: Iterable[str], suffix: str = "") -> None:
        self.prefix = prefix
        self.members = frozenset(members)
        self.suffix = suffix

    def code(self, member: str | int) -> str:
        """Return the code for `member`.

        Raises:
            KeyError: `member` does not belong to the family.
        """
        if str(member) not in self.members:
            raise KeyError(member)
        return f"{self.prefix}{member}{self.suffix}"

    def text(self, member: str, language: str = "en", otherwise: str = "") -> str:
        """Return the text for `member`, or `otherwise` if the family doesn't have this member.

        Used for members from storage, because a row may have been written by another release.
        """
        if member not in self.members:
            return otherwise
        return Message(self.code(member)).text(language)

    def codes(self) -> frozenset[str]:
        """Return every code of the family."""
        return frozenset(self.code(member) for member in self.members)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Mapping[str, str]:
    """Return the patterns of a language by their codes."""
    import orjson

    patterns: dict[str, str] = orjson.loads((_FOLDER / f"{language}.json").read_bytes())
    return patterns


def encode(message: Message) -> dict[str, Any]:
    """Return a message as JSON for a row: its `code`, and its parameters as `values` if it has any.

    A nested message has its English `text` too, for releases that don't have its code.
    """
    params = {name: _encode_param(param) for name, param in message.params.items()}
    return {"code": message.code, "values": params} if params else {"code": message.code}


def render_stored(stored: Mapping[str, Any], language: str, otherwise: str) -> str:
    """Return the text of a stored message in `language`.

    Args:
        stored: The value of `encode`, or {} for a row without a message.
        language: One of LANGUAGES.
        otherwise: The text to return if this release doesn't have the code, or has other parameters
            for it.
    """
    pattern = catalogue(language).get(stored.get("code", ""))
    if pattern is None:
        return otherwise
    params = {
        name: render_stored(param, language, param["text"])
        if isinstance(param, dict)
        else str(param)
        for name, param in stored.get("values", {}).items()
    }
    try:
        return pattern.format(**params)
    except KeyError:  # another release used other parameters
        return otherwise


def _shown(param: Param, language: str, *, grouped: bool) -> str:
    if isinstance(param, Message):
        return param.text(language, grouped=grouped)
    if isinstance(param, int) and grouped:
        return group_thousands(param, language)
    return str(param)


def _encode_param(param: Param) -> Any:
    if isinstance(param, int):
        return param
    text = param.text() if isinstance(param, Message) else param
    if len(text) > _MAX_STORED_PARAM:
        text = text[: _MAX_STORED_PARAM - 1] + _ELLIPSIS
    return {"text": text, **encode(param)} if isinstance(param, Message) else text
