"""Parse a number that is still being typed, for a search with each new digit."""

from dataclasses import dataclass
from functools import lru_cache

from shared.numbers.address import number_in
from shared.numbers.extension_words import WORDS
from shared.numbers.number import MIN_DIGITS
from shared.numbers.plan import country_code, dialling, trunks_of_code
from shared.numbers.text import MAX_TEXT, digits_of, fold_word, plain
from shared.numbers.written import typed_digits

# Digits that some callers dial between the country code and a mobile number: in Mexico until 2019, in Argentina
# from abroad.
_MOBILE_PREFIXES = {"52": "1", "54": "9"}
_ARGENTINE_AREAS = (2, 3, 4)  # digits of an area code
MIN_PART = 4  # fewer digits are not searched in the middle of numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The digits of an incomplete number, and their possible meanings.

    Attributes:
        digits: All digits as typed.
        beginnings: The first digits of the E.164 numbers (without the plus) that the digits can begin,
            as international digits or as national digits of the region.
        national: The digits without the trunk prefix; "" if they begin with a country code.
        is_international: Whether they begin with a plus, so that they can't be the middle or the end
            of a number.
        has_exit_code: Whether they begin with the region's prefix of an international call.
    """

    digits: str
    beginnings: tuple[str, ...]
    national: str = ""
    is_international: bool = False
    has_exit_code: bool = False

    def is_in(self, number: str) -> bool:
        """Return whether the typed digits can be a part of the number with the digits `number`."""
        if any(number.startswith(beginning) for beginning in self.beginnings):
            return True
        return not self.is_international and (
            self.digits in number or self._begins_national(number)
        )

    @property
    def others(self) -> tuple[str, ...]:
        """The beginnings that don't contain the national digits as they are typed."""
        return tuple([one for one in self.beginnings if self.national not in one])

    @property
    def part(self) -> str:
        """Digits that every matching number contains; "" if they are fewer than four, too few to search for."""
        if self.is_international:
            code = country_code(self.beginnings[0]) if self.beginnings else ""
            part = self.beginnings[0][len(code) :] if code else ""
        else:
            part = self.national if len(self.national) >= MIN_PART else self.digits
        return part if len(part) >= MIN_PART else ""

    def _begins_national(self, number: str) -> bool:
        code = country_code(number)
        return bool(code and self.national) and number[len(code) :].startswith(self.national)


def is_number(text: str) -> bool:
    """Return whether a search text is a number: three digits or more, and no other words than an extension's.

    An address that contains a number, such as a SIP URI, is a number too.
    """
    if len(digits_of(text)) < MIN_DIGITS:
        return False
    number = number_in(text)
    if number != text.strip():
        return bool(number)
    words = "".join([c if c.isalpha() else " " for c in plain(number)]).split()
    known = WORDS if number[:1] and not number[0].isalpha() else {"ext", "x"}
    return all(fold_word(word) in known for word in words)


@lru_cache(maxsize=8192)
def typed_of(text: str, region: str) -> Typed:
    """Return the possible meanings of a number being typed; `region` is the directory's default region."""
    has_plus, digits = typed_digits(plain(number_in(text[: 2 * MAX_TEXT])))
    if has_plus:
        beginnings = _international(digits)
        return Typed(digits=digits, beginnings=beginnings, is_international=True)
    own = dialling(region)
    for code in own.exits:
        if code.startswith(digits):  # nothing is typed after it yet
            return Typed(digits=digits, beginnings=("",), has_exit_code=True)
        rest = digits.removeprefix(code)
        if rest != digits and not rest.startswith("0"):
            beginnings = _international(rest)
            return Typed(digits=digits, beginnings=beginnings, has_exit_code=True)
    trunk = next((one for one in own.trunks if digits.startswith(one)), "")
    national = digits[len(trunk) :]
    readings = dict.fromkeys((own.code + national, *_other_beginnings(own.code, trunk, national)))
    return Typed(digits=digits, beginnings=tuple(readings), national=national)


def _other_beginnings(code: str, trunk: str, national: str) -> list[str]:
    """Return other beginnings of numbers that national digits can be: mobile numbers of Argentina, carriers of Brazil.

    In Argentina 011 15 2345 6789 is +54 9 11 2345 6789: 15 after the area code of two to four digits takes the place of
    the 9 before it (ENACOM). In Brazil two digits of a carrier come between the trunk prefix and the area code (Anatel).
    """
    if code == "54":
        mobile = code + _MOBILE_PREFIXES[code]
        areas = [national[:at] for at in _ARGENTINE_AREAS if national[at:].startswith("15")]
        divided = [mobile + area + national[len(area) + 2 :] for area in areas]
        return divided or [mobile + (national[:-1] if national[2:] == "1" else national)]
    return [code + national[2:]] if code == "55" and trunk and len(national) > 2 else []


def _international(digits: str) -> tuple[str, ...]:
    """Return the beginnings of numbers for digits that start with a country code.

    The trunk prefix after the code is left out, and prefixes of mobile numbers are left out or
    added.
    """
    digits = digits.removeprefix("00")
    code = country_code(digits)
    national = digits[len(code) :]
    beginnings = dict[str, None]()
    for trunk in trunks_of_code(code) if code and national else ():
        if national.startswith(trunk):
            beginnings[code + national[len(trunk) :]] = None
        elif trunk.startswith(national):
            beginnings[code] = None
    if code in _MOBILE_PREFIXES and national:
        prefix = _MOBILE_PREFIXES[code]
        other = national[1:] if national.startswith(prefix) else prefix + national
        beginnings[code + other] = None
    # No number of a country with the trunk prefix 0 begins with a zero itself; with the prefix 8, numbers can.
    if not (beginnings and national.startswith("0")):
        beginnings = {digits: None, **beginnings}
    return tuple(beginnings)
