"""Find the region that fits a directory's national numbers better than its default region."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.numbers import plan
from shared.numbers.address import number_in
from shared.numbers.number import MIN_SUFFIX
from shared.numbers.plan import MAX_DIGITS, dialling
from shared.numbers.text import MAX_TEXT, plain
from shared.numbers.written import runs_of

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

MIN_VALUES = 3  # national numbers; fewer prove nothing about a directory
MAX_VALUES = 30  # national numbers that are tried in each region
_MIN_SHARE = 0.8  # share of the numbers that must be valid in the other region
_MIN_GAIN = 0.3  # share by which this must exceed the default region's


@dataclass(frozen=True, slots=True)
class RegionFit:
    """How many numbers without a country code are valid in `region`, compared with the default region.

    Of `count` numbers, `fits` are valid in `region` and `fits_now` in the default region.
    """

    region: str
    fits: int
    fits_now: int
    count: int


@dataclass(frozen=True, slots=True)
class Written:
    """A number without a country code: all its digits, and their first group as written (mostly the area code)."""

    digits: str
    first_group: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Evidence about a directory's region: its numbers without a country code, and votes per region.

    A vote is a number with the region's country code, or a person whose address or language names
    the region.
    """

    national: tuple[Written, ...]
    votes: Counter[str]


def sample_of(values: Iterable[str], regions: Iterable[str]) -> Sample:
    """Return the evidence about the region in phone number values and in people's regions.

    A value counts if it is one number of at least seven digits. `regions` has an ISO 3166 region
    per person who has one in an address or a language.
    """
    national, votes = dict[str, Written](), Counter(regions)
    for value in values:
        runs = runs_of(plain(number_in(value))) if len(value) <= MAX_TEXT else []
        if len(runs) != 1 or not MIN_SUFFIX <= len(runs[0].digits) <= MAX_DIGITS:
            continue
        run = runs[0]
        if run.has_plus or run.digits.startswith("00"):
            votes[_main_region(plan.country_code(run.digits.lstrip("0")))] += 1
        else:
            national[run.digits] = Written(run.digits, run.groups[0])
    return Sample(tuple(national.values())[:MAX_VALUES], votes)


@dataclass(frozen=True, slots=True)
class Fit:
    """How many numbers of a sample are valid in a region, and how many of these are grouped as is usual there."""

    region: str
    valid: int
    grouped: int


def fits_of(sample: Sample) -> Iterator[Fit]:
    """Yield how well each region fits the sample; each takes a few milliseconds."""
    for region in _regions():
        readings = [(one, _in_region(one.digits, region)) for one in sample.national]
        found = [(one, number) for one, number in readings if number]
        grouped = sum(plan.first_group(number) == one.first_group for one, number in found)
        yield Fit(region, len(found), grouped)


def best(sample: Sample, fits: Iterable[Fit], region: str) -> RegionFit | None:
    """Return the region that most numbers fit, or None if it isn't clearly better than the default region.

    Of regions that fit equally many numbers, prefer the one with the most votes; then the one whose
    usual grouping most numbers have; then the one with the fewest possible lengths, because fewer
    numbers fit it by chance.
    """
    by_region = {fit.region: fit for fit in fits}
    count = len(sample.national)
    if count < MIN_VALUES or not by_region:
        return None

    def worth(fit: Fit) -> tuple[int, ...]:
        lengths = plan.lengths(dialling(fit.region).code)
        return fit.valid, sample.votes[fit.region], fit.grouped, -len(lengths)

    found = max(by_region.values(), key=worth)
    own = sum(_in_region(one.digits, region) is not None for one in sample.national)
    is_better = found.valid >= _MIN_SHARE * count and found.valid - own >= _MIN_GAIN * count
    return RegionFit(found.region, found.valid, own, count) if is_better else None


def _in_region(digits: str, region: str) -> "PhoneNumber | None":
    """Return the number that these digits dial inside the region, or None if it is not valid."""
    own = dialling(region)
    has_trunk = own.trunk != "" and digits.startswith(own.trunk)
    significant = digits[len(own.trunk) :] if has_trunk else digits
    if len(significant) not in plan.lengths(own.code):
        return None
    number = plan.parse(f"+{own.code}{significant}", region)
    if number is None or not plan.is_valid(number):
        return None
    # A number without the trunk zero counts only in regions that don't write the zero.
    is_written = has_trunk or own.trunk != "0" or plan.national_digits(number) == digits
    return number if is_written else None


@lru_cache(maxsize=256)
def _main_region(code: str) -> str:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return COUNTRY_CODE_TO_REGION_CODE.get(int(code or 0), ("",))[0]


@lru_cache(maxsize=1)
def _regions() -> tuple[str, ...]:
    """Return the main region of each country calling code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    mains = (regions[0] for regions in COUNTRY_CODE_TO_REGION_CODE.values())
    return tuple(sorted(region for region in mains if len(region) == 2))
