"""Messages are codes with parameters, and each language renders all of them (shared/messages.py)."""

from pathlib import Path
from string import Formatter

import orjson
import pytest

from shared import messages
from shared.messages import LANGUAGES, CodeFamily, Message, catalogue, counted
from shared.numbers.number import derive

# Codes and parameters of the messages that commit b9f7b71 stored.
_FIRST_RELEASE: dict[str, list[str]] = orjson.loads(
    Path(__file__).with_name("codes_of_the_first_release.json").read_bytes()
)


def _fields(pattern: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(pattern) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_code(language: str) -> None:
    """No code is missing in a language, and none is left over."""
    assert catalogue(language).keys() == catalogue("en").keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_same_parameters(language: str) -> None:
    """A text that lacks the number or the name has another meaning."""
    wrong = [
        code
        for code, pattern in catalogue(language).items()
        if _fields(pattern) != _fields(catalogue("en")[code])
    ]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_sorted_and_has_each_code_once(language: str) -> None:
    """Two people who add a text change different lines, and a second definition can't hide the first."""
    content = (messages._FOLDER / f"{language}.json").read_bytes()
    codes = [
        line.split(b'"')[1].decode() for line in content.splitlines() if line.startswith(b'  "')
    ]
    assert codes == sorted(set(codes))
    assert codes == list(catalogue(language))


def test_no_english_sentence_has_two_codes() -> None:
    """One sentence is in one place, so that an edit reaches pages and API alike."""
    sentences = [text for text in catalogue("en").values() if text.count(" ") > 3]
    assert len(sentences) == len(set(sentences)), {
        text for text in sentences if sentences.count(text) > 1
    }


def test_a_nested_message_is_rendered_in_the_same_language() -> None:
    """The fault of a number is part of the refusal of its person."""
    fault = derive("12", "GB").fault
    assert fault is not None
    refusal = Message("strict_number", kind="work", fault=fault)
    assert refusal.text().startswith(
        'phoneNumbers[type eq "work"].value: The value has only 2 digits'
    )
    assert refusal.text("de").startswith(
        'phoneNumbers[type eq "work"].value: Der Wert hat nur 2 Ziffern'
    )


def test_a_stored_message_is_rendered_in_any_language() -> None:
    """Code and parameters survive the row, nested messages and numbers included."""
    refusal = Message("strict_number", kind="work", fault=Message("number_short", count=2))
    stored = orjson.loads(orjson.dumps(messages.encode(refusal)))
    for language in LANGUAGES:
        assert messages.render_stored(stored, language, "") == refusal.text(language)


def test_a_row_of_the_first_release_is_rendered_in_any_language() -> None:
    """Commit b9f7b71 stored English text, code and parameters as text."""
    stored = {
        "code": "strict_number",
        "values": {
            "kind": "work",
            "fault": {
                "text": "The value has no digits. Write …",
                "code": "number",
                "values": {
                    "why": {"text": "The value has no digits", "code": "number_no_digits"},
                    "code": "44",
                },
            },
        },
    }
    said = messages.render_stored(stored, "de", "")
    assert said.startswith('phoneNumbers[type eq "work"].value: Der Wert hat keine Ziffern.')
    assert "+44" in said


@pytest.mark.parametrize(
    "stored",
    [{}, {"code": "of_a_later_release"}, {"code": "not_found", "values": {"renamed": "User"}}],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_of_another_release_keeps_its_stored_text(
    stored: dict[str, object], language: str
) -> None:
    """Rows without a code, and codes or parameters that this release does not know, stay readable."""
    assert messages.render_stored(stored, language, "as stored") == "as stored"


def test_braces_in_a_parameter_are_text() -> None:
    """A value that a client sent is filled in, never read as a pattern."""
    message = Message("no_path", path="{type.__class__}{0}", type="User")
    assert "{type.__class__}{0}" in message.text("de")
    assert "{type.__class__}{0}" in messages.render_stored(messages.encode(message), "de", "")


def test_a_long_parameter_is_stored_shortened() -> None:
    """A row stays small whatever a client sends; the text for the client is complete."""
    message = Message("no_path", path="x" * 1000, type="User")
    stored = messages.encode(message)["values"]["path"]
    assert len(stored) == 200
    assert "x" * 1000 in message.text()


@pytest.mark.parametrize(("language", "text"), [("en", "12,345"), ("de", "12.345")])
def test_a_number_is_grouped_as_the_language_does(language: str, text: str) -> None:
    """On a page a count of bytes or people is readable; API and SCIM have plain digits."""
    message = Message("body_too_large", count=12345, most=3)
    assert text in message.text(language, grouped=True)
    assert "12345" in message.text(language)


@pytest.mark.parametrize(
    ("language", "count", "text"),
    [
        ("en", 1, "1 person so far"),
        ("en", 2, "2 people so far"),
        ("de", 1, "bisher 1 Person"),
        ("de", 0, "bisher 0 Personen"),
    ],
)
def test_one_thing_has_the_singular(language: str, count: int, text: str) -> None:
    """The administrator waits for the first person in the wizard."""
    assert counted("live_people", count).text(language) == text


def test_a_text_without_a_singular_is_used_for_one_too() -> None:
    """The text for a count of found people needs no other form."""
    assert counted("people_found", 1).text() == "1 found"


def test_a_family_knows_its_members_only() -> None:
    """A value from a row of another release gets the fallback, a mistake in the code an error."""
    family = CodeFamily("kind_", ("entra", "other"))
    assert family.codes() == {"kind_entra", "kind_other"}
    assert family.text("martian", "de", otherwise="martian") == "martian"
    with pytest.raises(KeyError):
        family.code("martian")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(_FIRST_RELEASE))
def test_every_code_of_the_first_release_is_rendered(code: str, language: str) -> None:
    """The provisioning log holds events that commit b9f7b71 stored, for as long as the log is kept."""
    params = _FIRST_RELEASE[code]
    stored = {"code": code, "values": {name: f"<{name}>" for name in params}}
    assert messages.render_stored(stored, language, "as stored") != "as stored"


def test_the_remedy_for_a_number_names_no_product() -> None:
    """Administrators of Okta read it, too."""
    fault = derive("12", "GB").fault
    assert fault is not None
    assert "Correct this person's number in the source system" in fault.text()
    assert "Entra" not in fault.text()
