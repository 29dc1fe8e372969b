"""Measure agents' requests as a directory grows: `python -m bench.search [--people 100000]`.

Each line is the median of many calls of the service with the embedded engine, including the JSON
response but not HTTP. The last column is the ratio of the large directory to the small one, which
doesn't depend on the machine.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from contacts.export import FORMATS, export
from contacts.listing import list_contacts
from contacts.number_lookup import lookup_numbers
from contacts.search import search
from contacts.serializers import page_json
from directories.audit import operator_actor
from directories.models import Directory
from directories.service import NewDirectory, create
from scim.users import store
from scim.users.models import UserRecord
from shared.app import App
from shared.clock import SystemClock, timestamp
from shared.ids import new_id
from shared.settings import Settings
from shared.tables.port import Operation
from shared.tables.schema.base import CONTACTS
from shared.tables.sqlite import SqliteTables

SMALL = 1_000
_SECONDS = 0.5
_LIMIT = 50
_GIVEN = "Anna Ben Carla David Elif Farid Grace Hanna Ivan Jürgen Kofi Lena Marta Nils Olga Petra Rosa Sven Tara Uwe".split()
_FAMILY = "Müller Smith García Nowak Okafor Patel Østergård Rossi Łęcki Weber Jones Silva Kim Novák Berg Diaz Sato".split()
_TITLES = ("Sales Manager", "Engineer", "Nurse", "Accountant", "Analyst", "Clerk", "Driver")
Case = Callable[[Directory], Awaitable[object]]


def main() -> None:
    """Fill two directories, measure both, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.search", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--people", type=int, default=100_000, help="people of the large directory")
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), people))


async def _measure(folder: Path, people: int) -> None:
    app = App(Settings.read({}), SystemClock(), SqliteTables(folder / "bench.db"))
    small, large = await filled(app, SMALL), await filled(app, people)
    print(
        f"| request, milliseconds | {SMALL:,} people | {people:,} people | ratio |\n|---|---|---|---|"
    )
    for name, case in _cases(app).items():
        one, other = await _median(case, small), await _median(case, large)
        print(f"| {name} | {one:.2f} | {other:.2f} | {other / one:.2f} |")
    await app.close()


def _cases(app: App) -> dict[str, Case]:
    def searched(text: str) -> Case:
        async def run(directory: Directory) -> object:
            page = await search(app, [directory], text, _LIMIT)
            return await page_json(app, page.found, page.cursor)

        return run

    async def listed(directory: Directory) -> object:
        page = await list_contacts(app, [directory], _LIMIT)
        return await page_json(app, page.found, page.cursor)

    async def looked_up(directory: Directory) -> object:
        return await lookup_numbers(app, [directory], [f"020 7{n * 7:07}" for n in range(100)])

    async def exported(directory: Directory) -> object:
        return await export(app, directory, FORMATS["csv"], SMALL)

    texts = {
        "a letter": "m",
        "a word": "muller",
        "two words": "anna mül",
        "an address": "person77@",
        "nobody": "zzz",
    }
    numbers = {
        "a whole number": "020 7000 0077",
        "a number half typed": "+44 20 7000",
        "a number's end": "0077",
        "four digits of a number's middle": "7012",
        "six digits of a number's middle": "701234",
    }
    return {
        **{
            f"search: {name} (`{text}`)": searched(text) for name, text in (texts | numbers).items()
        },
        f"list: the first {_LIMIT}": listed,
        "lookup: 100 numbers": looked_up,
        f"export: {SMALL:,} people as CSV": exported,
    }


async def _median(case: Case, directory: Directory) -> float:
    """Return the median milliseconds of the case."""
    await case(directory)
    seconds, until = list[float](), time.perf_counter() + _SECONDS
    while len(seconds) < 5 or time.perf_counter() < until:
        began = time.perf_counter()
        await case(directory)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1000


async def filled(app: App, people: int, account: str = "bench") -> Directory:
    """Create a directory, write the rows of this many people directly, and return the directory."""
    directory, _ = await create(
        app, operator_actor(account), NewDirectory(f"{people} people", region="GB")
    )
    batches, batch = list[list[Operation]](), list[Operation]()
    for n in range(people):
        own = store.insertion(_person(app, n), directory.region)
        if len(batch) + len(own) > 100:
            batches.append(batch)
            batch = []
        batch += own
        if len(batches) == 64 or n == people - 1:
            if n == people - 1:
                batches.append(batch)
            await asyncio.gather(
                *(app.tables.transact(CONTACTS, directory.id, one) for one in batches)
            )
            batches = []
    return directory


def _person(app: App, n: int) -> UserRecord:
    given, family = _GIVEN[n % len(_GIVEN)], _FAMILY[n // len(_GIVEN) % len(_FAMILY)]
    now, mail = timestamp(app.clock.now()), f"person{n}@contoso.example"
    resource = {
        "userName": mail,
        "externalId": f"external-{n}",
        "displayName": f"{given} {family}",
        "name": {"givenName": given, "familyName": family},
        "title": _TITLES[n % len(_TITLES)],
        "emails": [{"value": mail, "type": "work"}],
        "phoneNumbers": [{"value": f"+4420{70_000_000 + n}", "type": "work"}],
    }
    return UserRecord(id=new_id(app.clock), resource=resource, created=now, modified=now)


if __name__ == "__main__":
    main()
