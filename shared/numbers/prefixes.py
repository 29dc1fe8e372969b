"""Prefixes of national numbers while they are typed: trunk prefixes, carrier codes, Argentina's 15 after the area code.

libphonenumber's metadata has a rule for each region: a pattern for the prefixes, which may contain digits of the
number itself, and a rule by which these are put together again (`national_prefix_for_parsing` and
`national_prefix_transform_rule`, github.com/google/libphonenumber, resources/phonemetadata.proto). The rule is made for
whole numbers. Here it is applied to the beginning of a number: digits are appended to make it a whole number for the
rule, and are removed from the result.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

_MAX_READINGS = 3
# What may be missing of a prefix of which four digits are typed; the longest ones have six (Japan, Guernsey).
_COMPLETIONS = (
    "",
    *("".join(one) for length in (1, 2) for one in product("0123456789", repeat=length)),
)
_REST = (
    "2" * 11,
    "9" * 11,
)  # digits after the prefix: patterns ask for ten or more after some carrier codes
_PART = re.compile(r"\\(\d)|(\d+)")  # of a transform rule, such as 9\1


@dataclass(frozen=True, slots=True)
class _Rule:
    """A region's pattern for prefixes, and the parts of its transform rule: literal digits, or the number of a group."""

    pattern: re.Pattern[str]
    parts: tuple[str | int, ...]


def beginnings_after_prefix(digits: str, region: str) -> tuple[str, ...]:
    """Return the first digits of the national numbers that `digits` can begin, after a prefix of the region.

    At most three are returned, the longest first; "" is one of them if nothing but a prefix is typed. A result that
    begins with another one is left out, because the other one includes it.
    """
    rule = _rule(region)
    if rule is None:
        return ()
    found = dict.fromkeys(_readings(digits, rule))
    shortest = [one for one in found if not any(one != o and one.startswith(o) for o in found)]
    return tuple(sorted(shortest, key=lambda one: (-len(one), one))[:_MAX_READINGS])


@lru_cache(maxsize=512)
def _rule(region: str) -> _Rule | None:
    from phonenumbers import PhoneMetadata

    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or not metadata.national_prefix_for_parsing:
        return None
    parts = tuple(
        int(match[1]) if match[1] else match[2]
        for match in _PART.finditer(metadata.national_prefix_transform_rule or "")
    )
    return _Rule(re.compile(metadata.national_prefix_for_parsing), parts)


def _readings(digits: str, rule: _Rule) -> Iterator[str]:
    """Yield the beginning of the national number for each way in which the digits can continue.

    That includes ways in which the digits first complete a prefix.
    """
    completions = _COMPLETIONS if rule.pattern.groups else ("",)
    for completion in completions:
        known = digits + completion
        for rest in _REST:
            match = rule.pattern.match(known + rest)
            if match is None or not match.end():
                continue
            reading = _reading(match, rule, len(known))
            if reading is not None and (not completion or reading.prefix_end == len(known)):
                yield reading.beginning


@dataclass(frozen=True, slots=True)
class _Reading:
    """A beginning of a national number, and the index after the prefix in the digits that were typed."""

    beginning: str
    prefix_end: int


def _reading(match: re.Match[str], rule: _Rule, known: int) -> _Reading | None:
    """Return the beginning of the national number in a match of which only `known` digits are typed.

    Return None if the prefix ends after these digits, because then none of the number is typed yet.
    """
    groups = rule.pattern.groups
    if not (rule.parts and groups and match[groups] is not None):
        end = match.end()
        return _Reading(match.string[end:known], end) if end <= known else None
    found, end = "", 0
    for part in rule.parts:
        if isinstance(part, str):
            found += part
            continue
        start, stop = match.span(part)
        if stop > known:  # the group holds the number itself
            return _Reading(found + match.string[start:known], start) if start <= known else None
        found += match.string[start:stop]
        end = max(end, stop)
    end = max(end, match.end())
    return _Reading(found + match.string[end:known], end) if end <= known else None
