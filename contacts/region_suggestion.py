"""Suggests another default region for a directory if most of its numbers fit that region better."""

from collections.abc import Iterator
from typing import Any

from directories.models import Directory
from scim.users import store
from shared.app import App
from shared.concurrency import TimeSlice
from shared.numbers import region_fit
from shared.numbers.region_fit import RegionFit

_PEOPLE = 200  # people with numbers to examine


async def suggest_region(app: App, directory: Directory) -> RegionFit | None:
    """Return the better region, or None.

    One round trip and at most about 0.2 s of processor time, during which other requests are served. It examines the
    oldest people of the directory: their numbers without a country code, and the countries that their other numbers,
    addresses and languages suggest.
    """
    page, _ = await store.page(app, directory.id, "", _PEOPLE)
    people = [user.record.resource for user in page]
    values = [value for person in people for value in _values(person)]
    sample = region_fit.sample_of(values, (region for person in people for region in _of(person)))
    if len(sample.national) < region_fit.MIN_VALUES:
        return None
    fits, time_slice = [], TimeSlice(app)
    for fit in region_fit.fits_of(sample):
        fits.append(fit)
        await time_slice.yield_when_over()
    return region_fit.best(sample, fits, directory.region)


def _values(person: dict[str, Any]) -> Iterator[str]:
    return (number["value"] for number in person.get("phoneNumbers", []) if number.get("value"))


def _of(person: dict[str, Any]) -> Iterator[str]:
    """Yield the regions of a person's addresses, and of languages such as de-DE.

    The region of an address is its country (ISO 3166, RFC 7643 section 4.1.2).
    """
    for address in person.get("addresses", []):
        if len(country := str(address.get("country", "")).strip()) == 2:
            yield country.upper()
    for name in ("preferredLanguage", "locale"):
        _, dash, region = str(person.get(name, "")).replace("_", "-").rpartition("-")
        if dash and len(region) == 2:
            yield region.upper()
