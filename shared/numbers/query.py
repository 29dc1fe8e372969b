"""Lookup queries: every reading of the number that calls or that an agent types."""

from dataclasses import dataclass, field
from functools import lru_cache

from shared.numbers import plan
from shared.numbers.address import number_in
from shared.numbers.number import MIN_SUFFIX, KeyKind, Number, derive
from shared.numbers.plan import MAX_DIGITS, OPEN_PLANS, dialling
from shared.numbers.text import MAX_TEXT, plain
from shared.numbers.written import Run, runs_of

_MAX_DIRECT_DIAL = 5  # digits after the number of a private branch exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Keys to look a number up by.

    `number` is the text as a stored number would be read. `readings` are all digits that the text can mean as a whole
    number, the most probable first; `is_international` tells that it has one meaning only. `ends` are digits that the end
    of a stored number is compared with.
    """

    number: Number
    readings: tuple[str, ...] = ()
    is_international: bool = False
    ends: tuple[str, ...] = ()
    _set: frozenset[str] = field(default=frozenset())

    def is_exact(self, digits: str) -> bool:
        """Return whether a number stored under these digits is exactly the one asked for."""
        return digits in self._set

    def is_possible(self, digits: str, kind: KeyKind | None = None) -> bool:
        """Return whether the number stored under these digits may be meant.

        Numbers that were both written with a country code are possibly the same only if their country changed its
        numbers (a mobile prefix added, a leading zero dropped). Otherwise one has to end in the other, apart from
        trunk zeros, or they share ten digits. `kind` None: stored by a release that did not note it.
        """
        if digits in self._set:
            return True
        own, code = self.number.digits, plan.country_code(digits)
        is_public = kind in ("international", "national", "possible")
        if is_public and (self.is_international or code == plan.country_code(own)):
            if self.is_international and kind == "national" and code != plan.country_code(own):
                return self._ends_alike(digits)
            return are_versions(digits, own) or self._ends_in(digits[len(code) :])
        if self._ends_alike(digits) or (is_public and self._ends_in(digits[len(code) :])):
            return True
        return is_public and any(are_versions(digits, code + end) for end in self.ends)

    def _ends_alike(self, digits: str) -> bool:
        stored = digits.lstrip("0")
        return any(_meets(stored, end) for end in self.ends)

    def _ends_in(self, national: str) -> bool:
        """Return whether digits without a country code end in a national number, after unknown prefixes."""
        is_whole = not self.is_international and len(national) >= MIN_SUFFIX
        return is_whole and any(end.endswith(national) for end in self.ends)

    @property
    def starts(self) -> tuple[str, ...]:
        """Return the ends of stored numbers to read, backwards: seven digits, or all of a shorter number."""
        ends = dict.fromkeys(reading[::-1][:MIN_SUFFIX] for reading in self.readings)
        return tuple(ends)

    @property
    def exchanges(self) -> tuple[str, str] | None:
        """Return the shortest and the longest number of a private exchange to which it can belong."""
        own = self.number.digits
        code = plan.country_code(own) if self.number.e164 else ""
        if code not in OPEN_PLANS:
            return None
        shortest = len(code) + min(plan.lengths(code))
        cut = max(shortest, len(own) - _MAX_DIRECT_DIAL)
        return own[:cut], own


def _meets(one: str, other: str) -> bool:
    shared = min(len(one), len(other))
    return shared >= MIN_SUFFIX and (
        one.endswith(other) or other.endswith(one) or one[-10:] == other[-10:]
    )


def are_versions(one: str, other: str) -> bool:
    """Return whether two international numbers are an old and a new form of one: same country, digits added.

    At the beginning (Italy's zero, Mexico's 1, Argentina's 9, Benin's 01, Côte d'Ivoire's operator), or Brazil's 9
    before a mobile number, after two digits of area (Anatel resolution 553/2010).
    """
    code = plan.country_code(one)
    if not code or not other.startswith(code) or one == other:
        return False
    short, long = sorted((one[len(code) :], other[len(code) :]), key=len)
    added = len(long) - len(short)
    if not 1 <= added <= 2 or len(short) < MIN_SUFFIX:
        return False
    is_ninth_digit = code == "55" and len(long) == 11 and long[:2] == short[:2] and long[2] == "9"
    return long.endswith(short) or (is_ninth_digit and long[3:] == short[2:])


@lru_cache(maxsize=8192)
def query_of(text: str, region: str) -> Query:
    """Return the query for `text` in a directory whose national numbers are those of `region`."""
    number = derive(text, region)
    inner = plain(number_in(text)) if len(text) <= 4 * MAX_TEXT else ""
    runs = runs_of(inner) if len(inner) <= MAX_TEXT else []
    run = max(runs, key=lambda one: len(one.digits), default=None)
    if run is None or run.is_masked or run.is_too_long or len(run.digits) > MAX_DIGITS + 5:
        return Query(number=number)
    if number.e164 is None and len(number.keys) > 1:  # several numbers: any of them
        digits = tuple(key.digits for key in number.keys)
        return Query(number=number, readings=digits, ends=digits, _set=frozenset(digits))
    keys = [key.digits for key in number.keys]
    readings = dict.fromkeys(keys)
    if not number.is_international:
        readings |= dict.fromkeys(_others(run, region))
    readings |= dict.fromkeys(_short(run, region))
    whole = tuple(one for one in readings if len(one) <= MAX_DIGITS)
    typed = run.digits.lstrip("0")[-MAX_DIGITS:]
    ends = dict.fromkeys(one for one in (*keys, typed) if len(one) >= MIN_SUFFIX)
    starts = whole or ((typed,) if len(typed) >= MIN_SUFFIX else ())
    return Query(
        number=number,
        readings=starts,
        is_international=number.is_international,
        ends=tuple(ends),
        _set=frozenset(whole),
    )


def _others(run: Run, region: str) -> list[str]:
    """Return the less probable meanings of digits without a plus."""
    digits, own, found = run.digits, dialling(region), list[str]()
    texts = [f"+{digits}"]
    texts += [
        f"+{digits[len(code) :]}"
        for code in ("0011", "011", "010", "00")
        if digits.startswith(code)
    ]
    texts += [digits] if len(digits) > MIN_SUFFIX - 2 else []
    texts += [
        f"+{own.code}{digits[len(trunk) :]}" for trunk in own.trunks if digits.startswith(trunk)
    ]
    for text in texts:
        number = plan.parse(text, region)
        if number is not None and plan.is_valid(number):
            found.append(plan.digits(number))
    return [*found, digits] if len(digits) <= MAX_DIGITS else found


def _short(run: Run, region: str) -> list[str]:
    """Return the short number of the region to which an exchange added the country code: +49 116117."""
    own = dialling(region)
    rest = run.digits.removeprefix(own.code)
    is_prefixed = own.code != "" and rest != run.digits
    return [rest] if is_prefixed and plan.is_short_number(rest, region) else []
