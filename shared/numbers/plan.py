"""National numbering plans, from the metadata of libphonenumber.

Each function imports `phonenumbers` itself, because the import takes about 0.1 s and is not always
needed.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.numbers.text import digits_of

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

MAX_DIGITS = 15  # of an E.164 number, ITU-T E.164 section 6.1
# Country codes of plans whose landline numbers have no fixed length, so that the extension of a private exchange is
# dialled directly after its number: Italy, Austria, Germany, Luxembourg, Finland, Serbia. libphonenumber's metadata
# lists five or more lengths of a landline number for each of them; source: the national plans at itu.int/oth/T0202.
OPEN_PLANS = frozenset({"39", "43", "49", "352", "358", "381"})
# Trunk prefixes that are dialled besides the one in the metadata: Lithuania's old 8, Belarus' 80, Mexico's until 2019.
_MORE_TRUNKS = {"LT": ("8",), "BY": ("80", "8"), "MX": ("045", "044", "01")}


_FORMER_MEXICAN = 13  # digits of a mobile number with the country code and the prefix 1
_GROUPS = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True)
class Dialling:
    """How numbers are dialled in a region.

    Attributes:
        code: The country calling code, "" for an unknown region.
        trunk: The usual trunk prefix, "" if there is none.
        trunks: All prefixes of a national call, the longest first.
        exits: The prefixes of an international call, the longest first.
    """

    code: str
    trunk: str
    trunks: tuple[str, ...]
    exits: tuple[str, ...]


@lru_cache(maxsize=512)
def dialling(region: str) -> Dialling:
    """Return how numbers are dialled in `region` (ISO 3166)."""
    from phonenumbers import PhoneMetadata, country_code_for_region

    code = country_code_for_region(region)
    metadata = PhoneMetadata.metadata_for_region(region, None) if code else None
    if metadata is None:
        return Dialling("", "", (), ("011", "00"))
    trunk = metadata.national_prefix or ""
    trunks = _longest_first({trunk, *_MORE_TRUNKS.get(region, ())} - {""})
    own = metadata.preferred_international_prefix or metadata.international_prefix or ""
    exits = {"00"} | ({own.replace("~", "")} if own.replace("~", "").isdecimal() else set())
    # After a trunk zero 11 is an area code, and in the plans without one 011 is an exit code of many exchanges.
    if trunk != "0":
        exits.add("011")
    return Dialling(str(code), trunk, trunks, _longest_first(exits))


def _longest_first(prefixes: set[str]) -> tuple[str, ...]:
    """Return the prefixes sorted by length, then alphabetically, so that every instance has the same order."""
    return tuple(sorted(prefixes, key=lambda prefix: (-len(prefix), prefix)))


@lru_cache(maxsize=512)
def trunks_of_code(code: str) -> tuple[str, ...]:
    """Return the trunk prefixes of a calling code's main region, longest first; empty for an unknown code."""
    region = main_region(code)
    return dialling(region).trunks if region else ()


def main_region(code: str) -> str:
    """Return the main region of a country calling code, "" for an unknown code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ()) if code else ()
    return regions[0] if regions else ""


def country_code(digits: str) -> str:
    """Return the country calling code at the beginning of international `digits`, or "" if there is none."""
    return plan_of(digits[:3]).code


def lengths(code: str) -> frozenset[int]:
    """Return the possible lengths of national significant numbers; empty for an unknown country calling code."""
    return _plan(code)[1]


@dataclass(frozen=True, slots=True)
class Plan:
    """How numbers of a country calling code are written in E.164.

    `lengths` are the possible lengths of a national significant number. `prefix` matches the beginning of one that
    phonenumbers would change, such as a trunk prefix. For digits that begin with no code, `code` is "" and `lengths`
    is empty.
    """

    code: str
    prefix: re.Pattern[str] | None
    lengths: frozenset[int]


@lru_cache(maxsize=1024)
def plan_of(beginning: str) -> Plan:
    """Return the plan of the country calling code with which `beginning`, the first three digits of a number, begins."""
    for length in range(1, len(beginning) + 1):
        prefix, possible = _plan(beginning[:length])
        if possible:
            return Plan(beginning[:length], prefix, possible)
    return Plan("", None, frozenset())


@lru_cache(maxsize=512)
def _plan(code: str) -> "tuple[re.Pattern[str] | None, frozenset[int]]":
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


def parse(text: str, region: str) -> "PhoneNumber | None":
    """Return the number that libphonenumber parses from `text` for `region`, or None if it is not a number.

    `text` is digits, with or without a plus.
    """
    from phonenumbers import NumberParseException
    from phonenumbers import parse as read

    try:
        number = read(text, region if dialling(region).code else None, keep_raw_input=True)
    except NumberParseException:
        return None
    return number if len(digits(number)) <= MAX_DIGITS else None


def digits(number: "PhoneNumber") -> str:
    """Return the digits of a number: the country code and the national significant number."""
    from phonenumbers import national_significant_number

    return f"{number.country_code}{national_significant_number(number)}"


def national_digits(number: "PhoneNumber") -> str:
    """Return the digits of a number as its own country writes it, with the trunk prefix if that is usual."""
    return digits_of(_national_format(number))


def first_group(number: "PhoneNumber") -> str:
    """Return the first group of digits in the national format, which mostly is the area code."""
    first = next(_GROUPS.finditer(_national_format(number)), None)
    return first[0] if first else ""


def _national_format(number: "PhoneNumber") -> str:
    from phonenumbers import PhoneNumberFormat, format_number

    return format_number(number, PhoneNumberFormat.NATIONAL)


def forms_of(digits: str) -> tuple[str, ...]:
    """Return the international `digits`, and for an old Mexican mobile number also its form since 2019.

    That form has no 1 after the country code (IFT).
    """
    if len(digits) == _FORMER_MEXICAN and digits.startswith("521"):
        return digits, f"52{digits[3:]}"
    return (digits,)


def with_ninth_digit(text: str, region: str) -> str:
    """Return the international digits of an old Brazilian mobile number after the change to nine digits.

    "" if `text` is not such a number of ten digits. Source: Anatel resolution 553/2010.
    """
    national = text.lstrip("0")
    if dialling(region).code != "55" or len(national) != 10 or national[2] not in "6789":
        return ""
    number = parse(f"+55{national[:2]}9{national[2:]}", region)
    return digits(number) if number is not None and is_valid(number) else ""


def has_exit_code(number: "PhoneNumber") -> bool:
    """Return whether the text that `parse` parsed began with the region's prefix of an international call."""
    from phonenumbers import CountryCodeSource

    return number.country_code_source == CountryCodeSource.FROM_NUMBER_WITH_IDD


def is_valid(number: "PhoneNumber") -> bool:
    """Return whether the number is in an assigned range."""
    from phonenumbers import is_valid_number

    return is_valid_number(number)


def is_possible(number: "PhoneNumber") -> bool:
    """Return whether the number's length is possible, including its area code."""
    from phonenumbers import ValidationResult, is_possible_number_with_reason

    return is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE


def is_service(number: "PhoneNumber") -> bool:
    """Return whether the number is dialled without an area code in its whole country, such as 13 11 14 in Australia."""
    from phonenumbers import PhoneNumberType, number_type

    return number_type(number) in (
        PhoneNumberType.UAN,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
    )


@lru_cache(maxsize=1024)
def is_short_number(text: str, region: str) -> bool:
    """Return whether the region has a public short number with these digits, such as 112 or 116117."""
    from phonenumbers import PhoneNumber, is_valid_short_number_for_region

    code = dialling(region).code
    if not code or not 2 <= len(text) <= 8:
        return False
    leading = len(text) - len(text.lstrip("0"))
    number = PhoneNumber(
        int(code),
        int(text),
        italian_leading_zero=leading > 0,
        number_of_leading_zeros=leading or None,
    )
    return bool(is_valid_short_number_for_region(number, region))
