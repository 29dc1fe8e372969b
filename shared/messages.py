"""Sentences that can be said in another language: an English text that remembers its code and its values.

On the wire it is English text like any other. Stored beside that text, the code and the values let a page say it in its
reader's language; where the page has no words for the code, the text stands.
"""

from collections.abc import Mapping
from typing import Any

_MOST = 200  # characters of a value that are kept


class Sentence(str):
    """`pattern` with its `{values}` filled in; a value may be a sentence of its own."""

    __slots__ = ("code", "values")

    code: str
    values: dict[str, str]

    def __new__(cls, code: str, pattern: str, /, **values: object) -> "Sentence":
        """`code` stays the same whatever becomes of the wording."""
        sentence = super().__new__(cls, pattern.format(**values))
        sentence.code = code
        sentence.values = {
            name: value if isinstance(value, str) else str(value) for name, value in values.items()
        }
        return sentence


def encode(text: str) -> dict[str, Any]:
    """What a row keeps of a sentence beside its text; nothing for other texts."""
    if not isinstance(text, Sentence):
        return {}
    values = {name: _encoded(value) for name, value in text.values.items()}
    return {"code": text.code, "values": values} if values else {"code": text.code}


def say(kept: Mapping[str, Any], patterns: Mapping[str, str], otherwise: str) -> str:
    """The sentence that was kept, in the words of `patterns` by code; `otherwise` where those lack something."""
    pattern = patterns.get(kept.get("code", ""))
    if pattern is None:
        return otherwise
    values = {
        name: say(value, patterns, value["text"]) if isinstance(value, dict) else value
        for name, value in kept.get("values", {}).items()
    }
    try:
        return pattern.format(**values)
    except KeyError:  # a release with other values wrote the row
        return otherwise


def _encoded(value: str) -> Any:
    kept = f"{value[: _MOST - 1]}…" if len(value) > _MOST else str(value)
    return {"text": kept, **encode(value)} if isinstance(value, Sentence) else kept
