"""Queries for number lookups: all readings of a caller's number, or of a number that an agent types."""

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
    """The digits by which a number is looked up.

    Attributes:
        number: The text, parsed like a stored number.
        readings: The digits of each complete number that the text can stand for, the most probable one
            first.
        is_international: Whether the text was written with a country code.
        ends: Digits to compare with the last digits of stored numbers.
    """

    number: Number
    readings: tuple[str, ...] = ()
    is_international: bool = False
    ends: tuple[str, ...] = ()
    _set: frozenset[str] = field(default=frozenset())

    def is_exact(self, digits: str) -> bool:
        """Return whether one of the readings is equal to `digits`, under which a number is stored."""
        return digits in self._set

    def is_possible(self, digits: str, kind: KeyKind | None = None) -> bool:
        """Return whether the number that is stored under `digits` can be the number of this query.

        If both were written with a country code, that is so only if one is an older form of the
        other (see `are_versions`). Otherwise one must end in the other, apart from trunk zeros, or
        they must share their last ten digits. `kind` is that of the stored key; None if the release
        that stored it didn't record it.
        """
        if digits in self._set:
            return True
        own, code = self.number.digits, plan.country_code(digits)
        is_public = kind in ("international", "national", "possible")
        if is_public and (self.is_international or code == plan.country_code(own)):
            if self.is_international and kind == "national" and code != plan.country_code(own):
                return self._ends_alike(digits)
            return are_versions(digits, own) or self._ends_in(digits[len(code) :])
        if self.number.e164 is not None and are_versions(digits, own):
            # The number is stored in an old form, which its country doesn't use any more.
            return True
        if self._ends_alike(digits) or (is_public and self._ends_in(digits[len(code) :])):
            return True
        return is_public and any(are_versions(digits, code + end) for end in self.ends)

    def _ends_alike(self, digits: str) -> bool:
        stored = digits.lstrip("0")
        return any(_meets(stored, end) for end in self.ends)

    def _ends_in(self, national: str) -> bool:
        """Return whether the query's digits, which may begin with unknown prefixes, end in `national`.

        `national` are a stored number's digits without the country code. Always False for an
        international query.
        """
        is_whole = not self.is_international and len(national) >= MIN_SUFFIX
        return is_whole and any(end.endswith(national) for end in self.ends)

    @property
    def starts(self) -> tuple[str, ...]:
        """The beginnings of the `num` keys to read: each reading's last seven digits, or all, in reverse order."""
        ends = dict.fromkeys(reading[::-1][:MIN_SUFFIX] for reading in self.readings)
        return tuple(ends)

    @property
    def exchanges(self) -> tuple[str, str] | None:
        """The shortest and the longest digits that the private exchange of this number can have.

        None if the number is not in an open numbering plan.
        """
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
    """Return whether one international number is an older form of the other: same country, one or two digits added.

    The digits were added at the beginning (Italy's zero, Mexico's 1, Argentina's 9, Benin's 01,
    Côte d'Ivoire's operator), or in Brazil as a 9 before a mobile number, after two digits of area
    code (Anatel resolution 553/2010).
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
    """Return the query for `text`; `region` is the default region of the directory to search."""
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
    """Return the digits of further, less probable numbers that a run without a plus may be."""
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
    """Return the region's short number if an exchange added the country code, as in +49 116117; otherwise []."""
    own = dialling(region)
    rest = run.digits.removeprefix(own.code)
    is_prefixed = own.code != "" and rest != run.digits
    return [rest] if is_prefixed and plan.is_short_number(rest, region) else []
