"""What is refused reads in the administrator's language: each code has words, unknown ones keep the stored text."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import orjson
import pytest

from directories import events, provisioning_log, service
from directories.event_types import REFUSED
from directories.events import Event
from directories.service import NewDirectory
from scim.core.errors import ScimError
from scim.core.resources import read_resource
from scim.core.schemas import USER
from shared import messages
from shared.app import App
from shared.clock import timestamp
from shared.messages import Sentence
from shared.numbers.number import derive
from tests.web.conftest import ACCOUNT, Visitor
from web import locales

_ROOT = Path(locales.__file__).parent.parent.parent
_GERMAN = locales.refusals("de")
# Where a call names its code: the place of the argument, and what the function adds itself.
_MAKERS: dict[str, tuple[int, frozenset[str]]] = {
    "Sentence": (0, frozenset()),
    "bad_syntax": (0, frozenset()),
    "bad_path": (0, frozenset()),
    "no_target": (0, frozenset()),
    "bad_value": (1, frozenset({"attribute"})),
    "mutability": (1, frozenset({"attribute"})),
    "BadAssertion": (0, frozenset()),
    "Untrusted": (0, frozenset()),
}


def _made() -> Iterator[tuple[str, frozenset[str]]]:
    """Every code that the product's source makes a sentence with, and the names of its values."""
    for folder in ("shared", "directories", "scim", "presence", "contacts"):
        for path in (_ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                place, own = _MAKERS.get(node.func.id, (0, frozenset()))
                if node.func.id in _MAKERS and isinstance(code := node.args[place], ast.Constant):
                    yield str(code.value), own | {str(each.arg) for each in node.keywords}


def test_every_refusal_has_german_words() -> None:
    """And German has no words for what is never said: a code that is renamed must be renamed there."""
    assert {code for code, _ in _made()} == _GERMAN.keys()


def test_german_says_the_same_values() -> None:
    """A sentence that loses its attribute or its remedy's example helps nobody."""
    for code, names in _made():
        assert {name for _, name, _, _ in Formatter().parse(_GERMAN[code]) if name} == names, code


def test_a_sentence_within_a_sentence_is_said_too() -> None:
    """The number's fault stands within the refusal of the person; what came over the wire stays English."""
    fault = derive("12", "GB").fault
    assert fault is not None
    refusal = Sentence(
        "strict_number", 'phoneNumbers[type eq "{kind}"].value: {fault}', kind="work", fault=fault
    )
    kept = orjson.loads(orjson.dumps(messages.encode(refusal)))
    said = messages.say(kept, _GERMAN, refusal)
    assert said.startswith('phoneNumbers[type eq "work"].value: Der Wert hat nur 2 Ziffern')
    assert "+44" in said
    assert refusal.startswith('phoneNumbers[type eq "work"].value: The value has only 2 digits')


def test_the_remedy_for_a_number_names_no_product() -> None:
    """Administrators of Okta read it, too."""
    fault = derive("12", "GB").fault
    assert fault is not None
    assert "Correct this person's number in the source system" in fault
    assert "Entra" not in fault


@pytest.mark.parametrize(
    "kept",
    [{}, {"code": "of_a_later_release"}, {"code": "not_found", "values": {"renamed": "User"}}],
)
def test_what_has_no_words_keeps_the_stored_text(kept: dict[str, object]) -> None:
    """Rows of older and of later releases stay readable."""
    assert messages.say(kept, _GERMAN, "as stored") == "as stored"


def test_a_values_braces_are_text() -> None:
    """What a client sent is filled in, never read as a pattern."""
    with pytest.raises(ScimError) as raised:
        read_resource({"userName": "ada", "active": "{0.__class__}"}, USER)
    kept = messages.encode(
        Sentence("no_path", '"{path}" is no path. {type}', path="{type.__class__}", type="User")
    )
    assert "{type.__class__}" in messages.say(kept, _GERMAN, "")
    assert messages.say(messages.encode(raised.value.detail), _GERMAN, "").startswith(
        "active ist weder wahr"
    )


async def _refused(app: App, detail: str, name: str = "ada@example.com") -> str:
    directory, _ = await service.create(app, ACCOUNT, NewDirectory("Brightwater"))
    event = Event(
        at=timestamp(app.clock.now()),
        kind=REFUSED,
        method="POST",
        status=400,
        scim_type="invalidValue",
        detail=detail,
        client="Entra",
        resource_type="User",
        name=name,
    )
    await provisioning_log.refused(app, directory.id, event)
    return f"/directories/{directory.id}"


_MISSING = Sentence(
    "no_boolean", "{attribute} is neither true nor false. Send true or false.", attribute="active"
)


@pytest.mark.parametrize("page", ["/log", "/connect"])
async def test_the_page_says_it_in_its_readers_language(
    app: App, visit: Visitor, page: str
) -> None:
    """In the log and in the live line of the wizard, remedy included."""
    path = await _refused(app, _MISSING)
    german = (await visit("GET", f"{path}{page}", accept_language="de")).body.decode()
    assert (
        "active ist weder wahr noch falsch. Senden Sie true oder false ohne Anführungszeichen."
        in german
    )
    assert "is neither true nor false" not in german
    assert (
        "active is neither true nor false. Send true or false."
        in (await visit("GET", f"{path}{page}")).body.decode()
    )


async def test_the_log_is_searched_in_the_words_that_it_shows(app: App, visit: Visitor) -> None:
    """German words find what stands there in German."""
    path = await _refused(app, _MISSING)
    for words in ("weder wahr", "Anfrage abgelehnt"):
        page = await visit("GET", f"{path}/log?q={words.replace(' ', '+')}", accept_language="de")
        assert b"ada@example.com" in page.body
    page = await visit("GET", f"{path}/log?q=weder+wahr", accept_language="en")
    assert b"ada@example.com" not in page.body


async def test_an_event_of_an_older_release_is_shown_as_it_was_stored(
    app: App, visit: Visitor
) -> None:
    """Rows without a code have their English text."""
    path = await _refused(app, "userName is missing.")
    assert b"userName is missing." in (await visit("GET", f"{path}/log", accept_language="de")).body
    assert b"said" not in events.encode(Event("t", "request.refused", detail="x"))
