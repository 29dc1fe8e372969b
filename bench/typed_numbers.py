"""Check that a number is found digit by digit: `python -m bench.typed_numbers [--regions AR,BR]`.

One directory per region of libphonenumber holds a landline and a mobile number. Each is typed in
every form in which it is dialled or written: in international form, with the exit code, in national
form, with every prefix that the region's metadata names for parsing (trunk prefixes, carrier codes,
`15` in Argentina). From the fourth digit on, each beginning must find the person. A beginning that
finds no one counts as *none*, one that finds only other people as *others*.
"""

import argparse
import asyncio
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

from phonenumbers import (
    SUPPORTED_REGIONS,
    NumberParseException,
    PhoneMetadata,
    parse,
)

from bench.numbers import Example, examples
from contacts.search import search
from directories.audit import operator_actor
from directories.models import Directory
from directories.service import NewDirectory, create
from scim.users import store
from scim.users.models import UserRecord
from shared.app import App
from shared.clock import SystemClock, timestamp
from shared.ids import new_id
from shared.settings import Settings
from shared.tables.schema.base import CONTACTS
from shared.tables.sqlite import SqliteTables

_FIRST = 4  # digits that are typed before the person must be found
_MAX_PREFIX = 4  # digits of a prefix that is tried
_MAX_PREFIXES = 12  # of a number that are typed; further ones differ in the carrier only
_PEOPLE = 20


@dataclass(slots=True)
class Tally:
    """The counts of beginnings by result, and the beginnings that didn't find the person."""

    counts: Counter[str]
    missed: list[str]


def main() -> None:
    """Type all numbers, print the counts; exit with 1 if a beginning finds no one."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.typed_numbers", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--regions", default="", help="comma-separated; all by default")
    parser.add_argument("--show", type=int, default=20, help="beginnings to print")
    options = parser.parse_args()
    regions = options.regions.split(",") if options.regions else sorted(SUPPORTED_REGIONS)
    with tempfile.TemporaryDirectory() as folder:
        tally = asyncio.run(_measure(Path(folder), regions))
    total = tally.counts.total()
    print(f"{total} beginnings of numbers, {len(regions)} regions")
    for kind in ("found", "others", "none"):
        print(f"{kind:7}{tally.counts[kind]:8}{tally.counts[kind] / total:9.2%}")
    for line in tally.missed[:: max(1, len(tally.missed) // max(1, options.show))]:
        print(line)
    sys.exit(1 if tally.counts["none"] else 0)


async def _measure(folder: Path, regions: list[str]) -> Tally:
    app = App(Settings.read({}), SystemClock(), SqliteTables(folder / "bench.db"))
    tally = Tally(Counter(), [])
    for region in regions:
        await type_region(app, region, tally)
    await app.close()
    return tally


async def type_region(app: App, region: str, tally: Tally) -> None:
    """Store the region's example numbers, type all their forms, and add the results to the tally."""
    directory, _ = await create(app, operator_actor("bench"), NewDirectory(region, region=region))
    for example in examples(region):
        await _store(app, directory, example.e164)
    for example in examples(region):
        beginnings = dict[str, str]()
        for form, text in forms(example):
            for beginning in _beginnings(text):
                beginnings.setdefault(beginning, form)
        for beginning, form in beginnings.items():
            page = await search(app, [directory], beginning, _PEOPLE)
            names = [one.card.name for one in page.found]
            kind = "found" if example.e164 in names else "others" if names else "none"
            tally.counts[kind] += 1
            if kind != "found":
                tally.missed.append(f"{kind} {region} {example.e164} {form}: {beginning}")


async def _store(app: App, directory: Directory, number: str) -> None:
    now = timestamp(app.clock.now())
    resource = {
        "userName": number,
        "displayName": number,
        "phoneNumbers": [{"value": number, "type": "work"}],
    }
    user = UserRecord(id=new_id(app.clock), resource=resource, created=now, modified=now)
    rows = store.insertion(user, directory.region)
    await app.tables.transact(CONTACTS, directory.id, rows)


def forms(example: Example) -> Iterator[tuple[str, str]]:
    """Yield each form of a number with its name: as written, and as dialled with every known prefix."""
    yield "E.164", example.e164
    yield "international", example.international
    yield "00", f"00{example.e164[1:]}"
    yield "without plus", example.e164[1:]
    yield "(0)", example.trunk
    yield "national", example.national
    yield "national digits", "".join(filter(str.isdigit, example.national))
    for prefix in _prefixes(example.region, example.significant):
        yield f"prefix {prefix}", f"{prefix}{example.significant}"


def _prefixes(region: str, significant: str) -> list[str]:
    """Return prefixes with which libphonenumber parses the national number as the same number."""
    found = list[str]()
    for prefix in _candidates(region):
        try:
            parsed = parse(prefix + significant, region)
        except NumberParseException:
            continue
        is_longer = any(prefix.startswith(one) for one in found if len(one) > 1)
        if str(parsed.national_number) == significant.lstrip("0") and not is_longer:
            found.append(prefix)
    return found[:: max(1, len(found) // _MAX_PREFIXES)]


@lru_cache(maxsize=1)
def _candidates(region: str) -> list[str]:
    """Return all short sequences of digits that the region's rule for parsing accepts as a prefix.

    The rule is tried on the sequence alone, and on the sequence before a long number.
    """
    metadata = PhoneMetadata.metadata_for_region(region, None)
    rule = metadata.national_prefix_for_parsing if metadata else None
    if not rule:
        return []
    pattern, found = re.compile(rule), list[str]()
    for length in range(1, _MAX_PREFIX + 1):
        for prefix in map("".join, product("0123456789", repeat=length)):
            match = pattern.match(prefix + "2" * 11) or pattern.match(prefix)
            if match and match.end() >= length:
                found.append(prefix)
    return found


def _beginnings(text: str) -> Iterator[str]:
    """Yield the text up to each digit from the fourth on, as it is typed."""
    digits = 0
    for at, character in enumerate(text):
        digits += character.isdigit()
        if character.isdigit() and digits >= _FIRST:
            yield text[: at + 1]


if __name__ == "__main__":
    main()
