"""All words of the pages in one place, in each language."""

import re
from pathlib import Path
from string import Formatter

import orjson
import pytest

from directories.event_types import KINDS
from directories.status import DENIED_REASONS
from presence.consent.outcomes import OUTCOMES
from presence.graph.failure_reasons import REASONS
from shared.app import App
from shared.http import Request
from web import locales
from web.page_request import PageRequest

_WEB = Path(locales.__file__).parent.parent
_TEMPLATES = sorted((_WEB / "templates").glob("*.html"))


def _own(language: str) -> dict[str, str]:
    found: dict[str, str] = orjson.loads((_WEB / f"locales/{language}.json").read_bytes())
    return found


def test_german_has_every_text_of_english() -> None:
    """German is shipped as the proof that pages can be translated; none is left out, none is left over."""
    assert _own("de").keys() == _own("en").keys()


@pytest.mark.parametrize("key", sorted(_own("en")))
def test_a_translation_has_the_same_values(key: str) -> None:
    """A text that loses its number or name says something else."""
    fields = [
        {name for _, name, _, _ in Formatter().parse(_own(language)[key]) if name}
        for language in ("en", "de")
    ]
    assert fields[0] == fields[1]


@pytest.mark.parametrize("template", _TEMPLATES, ids=lambda path: path.name)
def test_every_text_that_a_template_names_is_there(template: Path) -> None:
    """A missing text would be found by the first visitor only."""
    named = set(re.findall(r"\bt\('([a-z0-9_]+)'\s*[,)]", template.read_text()))
    assert named - _own("en").keys() == set()


def test_every_code_of_the_features_has_words() -> None:
    """Reasons, outcomes and refusals are reported by code; the pages have a sentence for each, in each language."""
    wanted = {f"reason_{code}" for code in REASONS}
    wanted |= {f"outcome_{code}_{part}" for code in OUTCOMES for part in ("title", "sentence")}
    wanted |= {f"denied_{code}{part}" for code in DENIED_REASONS for part in ("", "_remedy")}
    wanted |= {f"events_{kind}" for kind in ("all", *KINDS)}
    wanted |= {f"event_{kind.replace('.', '_')}" for kinds in KINDS.values() for kind in kinds}
    assert wanted - _own("de").keys() == set()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,de;q=0.5,en;q=0.6", "en"),
        ("de;q=0, en", "en"),
        ("xx;q=banana", "en"),
    ],
)
def test_the_browsers_favourite_language_is_taken(header: str, language: str) -> None:
    """RFC 9110 section 12.5.4."""
    assert locales.preferred(header) == language


@pytest.mark.parametrize(
    ("language", "count", "words"),
    [
        ("en", 1, "1 person so far"),
        ("en", 2, "2 people so far"),
        ("de", 1, "bisher 1 Person"),
        ("de", 0, "bisher 0 Personen"),
    ],
)
def test_one_person_is_not_people(app: App, language: str, count: int, words: str) -> None:
    """The first person is what the wizard waits for; it is said in the words for one."""
    found = PageRequest(Request("GET", "/", {"accept-language": language}, b"", {}), None, app)
    assert found.counted("live_people", count) == words


def test_a_count_is_said_in_the_readers_way(app: App) -> None:
    """Thousands apart, with a point in German; a text without words for one stays as it is."""
    german = PageRequest(Request("GET", "/", {"accept-language": "de"}, b"", {}), None, app)
    assert german.counted("people_count", 12345) == "12.345 Personen"
    assert german.counted("people_found", 1) == "1 gefunden"
