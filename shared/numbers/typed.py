"""Parse a number that is still being typed, for a search with each new digit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from shared.numbers import vanity
from shared.numbers.address import number_in
from shared.numbers.extension_words import WORDS
from shared.numbers.number import MIN_DIGITS
from shared.numbers.plan import country_code, dialling, main_region, trunks_of_code
from shared.numbers.prefixes import beginnings_after_prefix
from shared.numbers.text import MAX_TEXT, digits_of, fold_word, plain
from shared.numbers.written import typed_digits

# Digits that some callers dial between the country code and a mobile number: in Mexico until 2019, in Argentina
# from abroad.
_MOBILE_PREFIXES = {"52": "1", "54": "9"}
_MIN_NATIONAL = 2  # digits after a country code that may begin with a prefix of national calls
_LABEL = re.compile(r"(?P<word>[^\W\d_]{1,12})(?P<sign>[.:]{0,2}) ?(?=[+(0-9])")
_LABELS = frozenset(
    "cell ddi fon gsm handy mob mobil mobile movil phone portable tel telefon telefono telephone tlf".split()
)
_LABELS_WITH_SIGN = frozenset("c d direct h home m o office p t w work".split())
_FULL = re.compile(r"[+(]{0,2}[+0](?:[ ().\-/]?[0-9]){6}")  # no name of a company begins like this
_FREEPHONE = re.compile(r"[+(]{0,2}(?:1[ .-]?\(?[389]|0[ .-]?[89]|8[0-9]{2})")
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
        after_prefix: Further beginnings of E.164 numbers, after a prefix of national calls such as a
            carrier code (`shared.numbers.prefixes`).
    """

    digits: str
    beginnings: tuple[str, ...]
    national: str = ""
    is_international: bool = False
    has_exit_code: bool = False
    after_prefix: tuple[str, ...] = ()

    def is_in(self, number: str) -> bool:
        """Return whether the typed digits can be a part of the number with the digits `number`."""
        if any(map(number.startswith, (*self.beginnings, *self.after_prefix))):
            return True
        return not self.is_international and (
            self.digits in number or self._begins_national(number)
        )

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

    An address that contains a number, such as a SIP URI, is a number too. So is a number after a
    label (`Tel: 020 79`), one with at least seven digits before any words (`+49 211 8000 Hotline`),
    and one that is written with a word (`0800 FLOWERS`).
    """
    if len(digits_of(text)) < MIN_DIGITS:
        return False
    number = number_in(text)
    if number != text.strip():
        return bool(number)
    inner = _without_label(plain(number))
    if _FULL.match(inner) or (_FREEPHONE.match(inner) and vanity.is_written_with_word(inner)):
        return True
    words = "".join([c if c.isalpha() else " " for c in inner]).split()
    known = WORDS if inner[:1] and not inner[0].isalpha() else {"ext", "x"}
    return all(fold_word(word) in known for word in words)


def _without_label(text: str) -> str:
    """Return the text without a word for a telephone before the number; a letter counts if a colon or dot follows."""
    label = _LABEL.match(text)
    if label is None:
        return text
    word = fold_word(label["word"])
    is_label = word in _LABELS or (label["sign"] and word in _LABELS_WITH_SIGN)
    return text[label.end() :] if is_label else text


@lru_cache(maxsize=8192)
def typed_of(text: str, region: str) -> Typed:
    """Return the possible meanings of a number being typed; `region` is the directory's default region."""
    inner = plain(number_in(text[: 2 * MAX_TEXT]))
    has_plus, digits = typed_digits(inner)
    if has_plus:
        beginnings = _international(digits, has_trunk_zero="(0" in inner)
        return Typed(digits=digits, beginnings=beginnings, is_international=True)
    own = dialling(region)
    for code in own.exits:
        if code.startswith(digits):  # nothing is typed after it yet
            return Typed(digits=digits, beginnings=("",), has_exit_code=True)
        rest = digits.removeprefix(code)
        if rest != digits and not rest.startswith("0"):
            beginnings = _international(rest)
            after_prefix = _after_prefix(digits, region, beginnings)
            return Typed(
                digits=digits,
                beginnings=beginnings,
                has_exit_code=True,
                after_prefix=after_prefix,
            )
    trunk = next((one for one in own.trunks if digits.startswith(one)), "")
    national = digits[len(trunk) :]
    beginnings = (own.code + national,)
    after_prefix = _after_prefix(digits, region, beginnings)
    return Typed(digits=digits, beginnings=beginnings, national=national, after_prefix=after_prefix)


def _after_prefix(digits: str, region: str, beginnings: Iterable[str]) -> tuple[str, ...]:
    """Return the E.164 beginnings of the numbers for which `digits` are dialled with a prefix of the region.

    A result that begins with one of `beginnings`, which are searched anyway, is left out.
    """
    own = dialling(region)
    if not own.code or len(digits) < MIN_PART:
        return ()
    # The trunk zero may follow a carrier code: 12593 010 in China.
    zero = own.trunk if own.trunk == "0" else ""
    found = [own.code + one.removeprefix(zero) for one in beginnings_after_prefix(digits, region)]
    return tuple([one for one in found if not any(map(one.startswith, beginnings))])


def _international(digits: str, *, has_trunk_zero: bool = False) -> tuple[str, ...]:
    """Return the beginnings of numbers for digits that start with a country code.

    The trunk prefix after the code is left out, and prefixes of mobile numbers are left out or
    added. `has_trunk_zero` is True if a zero was typed in parentheses.
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
    if has_trunk_zero and national.startswith("0"):
        beginnings[code + national[1:]] = None
    if code in _MOBILE_PREFIXES and national:
        prefix = _MOBILE_PREFIXES[code]
        other = national[1:] if national.startswith(prefix) else prefix + national
        beginnings[code + other] = None
    # No number of a country with the trunk prefix 0 begins with a zero itself; with the prefix 8, numbers can.
    if not (beginnings and national.startswith("0")):
        beginnings = {digits: None, **beginnings}
    if len(national) >= _MIN_NATIONAL:
        own = beginnings_after_prefix(national, main_region(code))
        beginnings |= dict.fromkeys([code + one for one in own if one])
    return tuple(beginnings)
