"""Phone numbers: the E.164 form of what was sent, and what to look a number up by. Values are never changed, only read.

phonenumbers takes about 0.1 s to import and 60 microseconds a number, so it is imported when first needed, and a number
that is E.164 already is recognised by its country's lengths alone (2 microseconds, same result).
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from shared.messages import Message

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

MIN_DIGITS = 3  # fewer digits are not looked up by
MIN_SUFFIX = 7  # digits that two numbers must share at their end to be possibly the same
_MAX_TEXT = 250
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PUNCTUATION = str.maketrans("", "", " -.()\u00a0")
_INTERNATIONAL = re.compile(r"^[\s(]*(?:00|011)(?=[\s)\-./]*[1-9])")
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
# Words for an internal extension that phonenumbers does not know.
_EXTENSION = re.compile(
    r"[\s,;/(]*\b(?:durchwahl|nebenstelle|klappe|anknytning|toestel|interno|poste|ramal|wewn?|durchw|nst|dw)"
    r"[\s.:]*(?P<extension>[0-9]{1,7})[\s)]*$"
)
_ANY_EXTENSION = re.compile(
    r"[\s,;/(]*(?:\b(?:ext(?:ensi[oó]n|n)?|extn|int)\b[\s.:=]*|[x#]\s*|;ext=)[0-9]{1,9}[\s)]*#?$"
)
_SHORT = 6  # digits of an internal extension at the most


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number.

    `raw` is what was sent, `e164` its international form (`+` and digits) or None, `extension` the internal one behind
    it or "". `digits` are those of `e164`, else those of `raw` without the extension: the number is indexed by them.
    `fault` says, where there is no `e164`, why not and what to do about it.
    """

    raw: str
    e164: str | None
    extension: str
    digits: str
    fault: Message | None


def derive(text: str, region: str) -> Number:
    """Reads `text` as a phone number: E.164, national as of `region` (ISO 3166), `tel:` (RFC 3966), `00`, `011`.

    A number with its country prefix is taken when it has a possible length, so that ranges newer than the metadata
    work. A national one must be assigned, or begin with the trunk prefix, or be of full length: else an internal
    `1234` would become somebody's public number.
    """
    # What is longer than any number is read each time: kept texts would fill the memory.
    return _derive_kept(text, region) if len(text) <= _MAX_TEXT else _derive(text, region)


def _derive(text: str, region: str) -> Number:
    plain = text.strip().translate(_PUNCTUATION)
    if _E164.fullmatch(plain) and _is_canonical(plain):
        return Number(text, plain, "", plain[1:], None)
    cleaned = _clean(text)
    found = _read(cleaned, region) if 0 < len(cleaned) <= _MAX_TEXT else None
    if found is None:
        digits = digits_of(_ANY_EXTENSION.sub("", cleaned)) or digits_of(cleaned)
        return Number(text, None, "", digits, _fault(text, digits, region))
    e164 = f"+{found.country_code}{_significant(found)}"
    return Number(text, e164, found.extension or "", e164[1:], None)


_derive_kept = lru_cache(maxsize=8192)(_derive)


def digits_of(text: str) -> str:
    """The decimal digits in `text`, those of every script as ASCII."""
    return "".join([str(unicodedata.decimal(c)) for c in text if c.isdecimal()])


def reversed_digits(number: Number) -> str:
    """The number's part of an index key: a search by the end of a number is a search by the beginning of this."""
    return number.digits[::-1]


@dataclass(frozen=True, slots=True)
class Query:
    """What to look a number up by.

    `number` is the text as a stored number would be read. `ends` are digits that the end of a stored number is
    compared with. `beginning` are the first digits of an E.164 form whose rest may still be typed, and `is_beginning`
    says that the text can be nothing else (it starts with + or another international prefix).
    """

    number: Number
    ends: tuple[str, ...]
    beginning: str
    is_beginning: bool

    def is_exact(self, digits: str) -> bool:
        """Whether a number stored with these digits is the one asked for."""
        return digits == self.number.digits

    def is_possible(self, digits: str) -> bool:
        """Whether one of the two numbers ends in the other, apart from trunk zeros, or they share ten digits."""
        own = digits.lstrip("0")
        return any(_meets(own, end) for end in self.ends)


def _meets(one: str, other: str) -> bool:
    shared = min(len(one), len(other))
    return shared >= MIN_SUFFIX and (
        one.endswith(other) or other.endswith(one) or one[-10:] == other[-10:]
    )


@lru_cache(maxsize=8192)
def query_forms(text: str, region: str) -> Query:
    """What to look `text` up by in a directory whose national numbers are those of `region`."""
    number = derive(text, region)
    typed = digits_of(_ANY_EXTENSION.sub("", _clean(text)))
    ends = dict.fromkeys(
        form for form in (number.digits, typed.lstrip("0")) if len(form) >= MIN_SUFFIX
    )
    beginning, certain = _beginning(_clean(text), typed, region)
    return Query(number, tuple(ends), beginning, certain)


def _beginning(cleaned: str, typed: str, region: str) -> tuple[str, bool]:
    if cleaned.lstrip("( ").startswith("+"):
        return typed, True
    code, trunk = _dialling(region)
    prefix = _INTERNATIONAL.match(cleaned)
    if prefix and (
        trunk != "0" or prefix[0].endswith("00")
    ):  # behind a trunk zero, 11 is an area code
        return typed[len(digits_of(prefix[0])) :], True
    if trunk == "0":  # without it, what is typed is a country code or from the middle of a number
        return (code + typed[1:] if typed.startswith("0") else typed), False
    return code + typed, False


def _clean(text: str) -> str:
    """`text` as phonenumbers reads it: in plain characters, without URI schemes and rarer words for extensions."""
    plain = unicodedata.normalize("NFKC", text.strip()[: _MAX_TEXT + 1])[: _MAX_TEXT + 1].lower()
    if plain.startswith(("tel:", "sip:", "sips:")):
        plain = _from_uri(plain)
    return _EXTENSION.sub(r";ext=\g<extension>", plain)


def _from_uri(uri: str) -> str:
    """The number of a `tel:` URI (RFC 3966 section 3) or of a SIP URI's user part, with the parameters that matter."""
    number, *parameters = unquote(uri.partition(":")[2].partition("@")[0]).split(";")
    given = {name: value for name, _, value in (p.partition("=") for p in parameters)}
    context, extension = given.get("phone-context", ""), given.get("ext", "")
    if context.startswith("+") and not number.startswith("+"):
        number = context + number
    return f"{number};ext={extension}" if extension else number


def _read(cleaned: str, region: str) -> "PhoneNumber | None":
    """The number, trying what was meant before what is merely possible."""
    from phonenumbers import is_valid_number

    code, trunk = _dialling(region)
    if trunk == "0" and _is_internal(cleaned):
        return None
    known = region if code else None
    literal = _parse(cleaned, known)
    if literal and is_valid_number(literal):
        return literal
    dialled = _INTERNATIONAL.sub("+", cleaned)
    others = [
        _parse(other, known)
        for other in (dialled, _TRUNK_ZERO.sub("", dialled))
        if other != cleaned
    ]
    for other in others:
        if other and is_valid_number(other):
            return other
    return next(
        (
            number
            for number in (literal, *others)
            if number and _is_acceptable(number, cleaned, region)
        ),
        None,
    )


def _is_internal(cleaned: str) -> bool:
    """Whether a few digits without any prefix mean a colleague's extension: in Austria `12345` is also a number."""
    digits = digits_of(_ANY_EXTENSION.sub("", cleaned))
    return len(digits) <= _SHORT and not digits.startswith("0") and "+" not in cleaned


def _parse(text: str, region: str | None) -> "PhoneNumber | None":
    from phonenumbers import NumberParseException, parse

    try:
        return parse(text, region, keep_raw_input=True)
    except NumberParseException:
        return None


def _is_acceptable(number: "PhoneNumber", cleaned: str, region: str) -> bool:
    """Whether a number outside the assigned ranges is nevertheless complete."""
    from phonenumbers import CountryCodeSource, ValidationResult, is_possible_number_with_reason

    if is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return False
    if number.country_code_source in (
        CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN,
        CountryCodeSource.FROM_NUMBER_WITH_IDD,
    ):
        return True
    length = len(_significant(number))
    code, trunk = _dialling(region)
    lengths = _plan(code)[1] if code else frozenset[int]()
    if length < MIN_SUFFIX or (trunk == "0" and number.italian_leading_zero):
        return False
    return (trunk == "0" and digits_of(cleaned).startswith("0")) or length == max(
        lengths, default=0
    )


def _significant(number: "PhoneNumber") -> str:
    from phonenumbers import national_significant_number

    return national_significant_number(number)


def _is_canonical(e164: str) -> bool:
    """Whether phonenumbers would leave `e164` as it is and call its length possible."""
    for length in (1, 2, 3):
        prefix, lengths = _plan(e164[1 : 1 + length])
        if lengths:
            national = e164[1 + length :]
            return len(national) in lengths and not (prefix and prefix.match(national))
    return False


@lru_cache(maxsize=512)
def _plan(code: str) -> "tuple[re.Pattern[str] | None, frozenset[int]]":
    """The trunk prefixes and possible lengths of a country calling code; no lengths where there is no such code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code)) if code.isdecimal() else None
    metadata = (
        PhoneMetadata.metadata_for_region_or_calling_code(int(code), regions[0])
        if regions
        else None
    )
    if metadata is None or metadata.general_desc is None:
        return None, frozenset()
    prefix = metadata.national_prefix_for_parsing
    return re.compile(prefix) if prefix else None, frozenset(metadata.general_desc.possible_length)


@lru_cache(maxsize=512)
def _dialling(region: str) -> tuple[str, str]:
    """Country calling code and trunk prefix of a region, "" where there is none."""
    from phonenumbers import PhoneMetadata, country_code_for_region

    code = country_code_for_region(region)
    metadata = PhoneMetadata.metadata_for_region(region, None) if code else None
    return (str(code) if code else "", (metadata.national_prefix or "") if metadata else "")


def _fault(text: str, digits: str, region: str) -> Message:
    """Why `text` has no E.164 form, and the remedy, with Entra's expression for it as an example."""
    code = _dialling(region)[0] or "44"
    count = len(digits)
    if not digits:
        why = Message("number_no_digits")
    elif count <= _SHORT:
        why = Message("number_short", count=count)
    elif text.strip().startswith(("+", "00", "tel:+")):
        why = Message("number_of_no_country")
    elif count > 15:
        why = Message("number_long", count=count)
    else:
        why = Message("number_not_national", region=region)
    return Message("number", why=why, code=code)
