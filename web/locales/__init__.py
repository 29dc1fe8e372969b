"""Every word of the pages, one file a language; the keys are those of `en.json`.

What is refused is told to clients in English, by the code (shared.messages); `refusals/` has the other languages.

A text may hold `{name}` for a value. Where a language lacks a text, English stands in, and a test says so.
"""

from functools import lru_cache
from pathlib import Path

import orjson

LANGUAGES = ("en", "de")
_FOLDER = Path(__file__).parent


@lru_cache(maxsize=len(LANGUAGES))
def texts(language: str) -> dict[str, str]:
    """The texts of a language by key."""
    own: dict[str, str] = orjson.loads((_FOLDER / f"{language}.json").read_bytes())
    return own if language == "en" else {**texts("en"), **own}


@lru_cache(maxsize=len(LANGUAGES))
def refusals(language: str) -> dict[str, str]:
    """The sentences of refusals by code; none in English, which rows and clients hold."""
    path = _FOLDER / "refusals" / f"{language}.json"
    own: dict[str, str] = orjson.loads(path.read_bytes()) if path.exists() else {}
    return own


def text(language: str, key: str, **values: object) -> str:
    """The text `key` with its values; KeyError for a key that no language has."""
    pattern = texts(language)[key]
    return pattern.format(**values) if values else pattern


def preferred(accept_language: str) -> str:
    """The language of ours that the browser likes best (RFC 9110 section 12.5.4), else English."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language.split(",")[:20]):
        tag, _, weight = part.strip().partition(";q=")
        wanted.append((-_weight(weight), place, tag.partition("-")[0].lower()))
    return next((tag for weight, _, tag in sorted(wanted) if tag in LANGUAGES and weight), "en")


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
