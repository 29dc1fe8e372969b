"""Why a value can't be read as a number, and what the administrator can do about it.

Each fault names the value's person to correct. None advises an expression over the whole directory: it would change
the numbers that are correct, too.
"""

from collections.abc import Sequence

from shared.messages import Sentence
from shared.numbers import vanity
from shared.numbers.plan import MAX_DIGITS, dialling
from shared.numbers.text import MAX_TEXT

_E164 = "Correct this person's number in the source system, in E.164 format: +{code} followed by area code and number."


def several(numbers: Sequence[str]) -> Sentence:
    """The value holds several numbers, in E.164 format."""
    why = Sentence(
        "number_several",
        "The value holds several numbers ({numbers}), so calls from them are matched as possible only",
        numbers=", ".join(numbers),
    )
    remedy = Sentence(
        "number_several_remedy",
        "Correct this person in the source system: one number in each attribute, for example the second one as mobile "
        "or other, in E.164 format.",
    )
    return _fault(why, remedy)


def fault_of(
    text: str, digits: str, *, is_masked: bool, is_international: bool, region: str
) -> Sentence:
    """Why `text`, of which `digits` were taken for the number, has no E.164 form."""
    code = dialling(region).code or "44"
    remedy = Sentence("number_remedy", _E164, code=code)
    if len(text) > MAX_TEXT:
        said = "The value has {count} characters, more than any phone number"
        return _fault(Sentence("number_long_text", said, count=len(text)), remedy)
    if is_masked:
        return _fault(Sentence("number_masked", "Some digits of the value are hidden"), remedy)
    if not digits:
        return _fault(Sentence("number_no_digits", "The value has no digits"), remedy)
    if len(digits) > MAX_DIGITS:
        said = "The value has {count} digits in a row, more than any phone number ({most})"
        why = Sentence("number_long", said, count=len(digits), most=MAX_DIGITS)
        return _fault(why, remedy)
    if vanity.has_word(text):
        said = "The value has letters among its digits, and together they are no number"
        return _fault(Sentence("number_letters", said), remedy)
    if len(digits) <= MAX_SHORT and not digits.startswith("0") and not is_international:
        return _fault(_short(len(digits)), _short_remedy(code))
    if is_international:
        said = "The value has a country code, but no number of that country looks like this"
        return _fault(Sentence("number_of_no_country", said), remedy)
    said = "The value has no country code and isn't a national number of {region}, the directory's default region"
    why = Sentence("number_not_national", said, region=region)
    change = Sentence(
        "number_region_remedy",
        "{remedy} If the directory's people are mostly in another country, change the default region on the "
        "directory's page instead: this and all other numbers without a country code are then read again.",
        remedy=remedy,
    )
    return _fault(why, change)


MAX_SHORT = 6  # digits of an internal extension, at most


def _short(count: int) -> Sentence:
    said = "The value has only {count} digits, like an internal extension"
    return Sentence("number_short", said, count=count)


def _short_remedy(code: str) -> Sentence:
    return Sentence(
        "number_short_remedy",
        "Correct this person's number in the source system: the company's number in E.164 format, then the extension, "
        "for example +{code} … ext. 12.",
        code=code,
    )


def _fault(why: Sentence, remedy: Sentence) -> Sentence:
    return Sentence("number", "{why}. {remedy}", why=why, remedy=remedy)
