"""Measure how well spoken and mistyped names are found: `python -m bench.names [--people 3000]`.

People with names in 24 languages, and with names that sound alike (`bench.name_cases`), are stored
among other people. Every question is sent once as `GET /api/contacts` to a real host. A person
counts as found if the display name is among the first five results; for exact spellings it must be
the first. Times are those of the requests, separately for results with similar people among the
first five and for the others.
"""

import argparse
import asyncio
import http.client
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

import orjson

from bench.name_cases import Name, Question, names, questions
from bench.provisioning import serving
from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.entra.mapping import post_body, target_attributes
from local.entra.people import Company
from local.host.sign_in import ACCOUNT
from scim.users import store
from scim.users.models import UserRecord
from shared.app import App
from shared.clock import SystemClock, timestamp
from shared.ids import new_id
from shared.settings import Settings
from shared.tables.port import Operation
from shared.tables.schema.base import CONTACTS
from shared.tables.sqlite import SqliteTables

AIM = 95.0  # per cent of the people who must be among the first five
FIRST = 5
_PORT = 7392
# Kinds with the exact name, for which the person must be the first result.
_EXACT = frozenset({"exact", "case"})


@dataclass(slots=True)
class Score:
    """The results of the questions of one kind."""

    asked: int = 0
    found: int = 0
    first: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, question: Question, found: list[str]) -> None:
        """Count the result of a question; `found` has the display names in their order."""
        self.asked += 1
        self.first += found[:1] == [question.shown]
        if question.shown in found[:FIRST]:
            self.found += 1
        else:
            self.missed.append(f"{question.text} -> {question.shown}: {found[:FIRST]}")


def main() -> None:
    """Fill a directory, send every question, and print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.names", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--people", type=int, default=3000, help="all people of the directory")
    parser.add_argument("--seed", type=int, default=1, help="of the typing errors")
    parser.add_argument("--missed", type=int, default=0, help="examples of a kind to print")
    parser.add_argument("--every", type=int, default=1, help="ask each n-th question only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        asyncio.run(fill(file, options.people))
        with serving(Path.cwd(), f"sqlite:///{file}", _PORT):
            scores, taken = _asked(list(questions(options.seed))[:: options.every])
    print_scores(scores, options.people, options.missed)
    print("\n| answer | p50 ms | p95 ms |\n|---|---|---|")
    for stage, times in sorted(taken.items()):
        cuts = quantiles(times, n=20)
        print(f"| {stage} | {cuts[9]:.1f} | {cuts[18]:.1f} |")


def print_scores(scores: dict[str, Score], people: int, missed: int) -> None:
    """Print how many people were found, by kind and in total, with `missed` examples per kind of those missed."""
    print(
        f"| {people:,} people: asked | questions | first | among the first {FIRST} |\n|---|---|---|---|"
    )
    total = Score()
    for kind, score in sorted(scores.items()):
        total.asked += score.asked
        total.found += score.found
        total.first += score.first
        _line(kind, score, 100.0 if kind in _EXACT else None)
        for one in score.missed[:missed]:
            print(f"    {one}")
    _line("all", total, None)


def _line(kind: str, score: Score, first: float | None) -> None:
    firsts, found = 100 * score.first / score.asked, 100 * score.found / score.asked
    falls_short = found < AIM or (first is not None and firsts < first)
    mark = " !" if falls_short else ""
    print(f"| {kind} | {score.asked} | {firsts:.1f} % | {found:.1f} %{mark} |")


def _asked(asked: list[Question]) -> tuple[dict[str, Score], dict[str, list[float]]]:
    scores, taken = defaultdict[str, Score](Score), defaultdict[str, list[float]](list)
    connection = http.client.HTTPConnection("127.0.0.1", _PORT)
    for question in asked:
        began = time.perf_counter()
        contacts = _search(connection, question.text)
        milliseconds = (time.perf_counter() - began) * 1000
        scores[question.kind].add(question, [one["displayName"] for one in contacts])
        similar = any("similarTo" in one for one in contacts[:FIRST])
        taken["similar people" if similar else "exact"].append(milliseconds)
    return scores, taken


def _search(connection: http.client.HTTPConnection, text: str) -> list[dict[str, str]]:
    """Return the people found; after a 429, wait for `Retry-After` and repeat the request."""
    while True:
        connection.request("GET", f"/api/contacts?{urlencode({'q': text, 'limit': 50})}")
        response = connection.getresponse()
        body = orjson.loads(response.read())
        if response.status == 200:
            found: list[dict[str, str]] = body["contacts"]
            return found
        time.sleep(int(response.headers["Retry-After"]))


async def fill(file: Path, people: int) -> None:
    """Store all people who are searched for, and others up to `people` in total."""
    app = App(Settings.read({}), SystemClock(), SqliteTables(file))
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("names", region="GB"))
    batch, batches = list[Operation](), list[list[Operation]]()
    for resource in _resources(people):
        now = timestamp(app.clock.now())
        own = store.insertion(
            UserRecord(id=new_id(app.clock), resource=resource, created=now, modified=now), "GB"
        )
        if len(batch) + len(own) > 100:
            batches.append(batch)
            batch = []
        batch += own
        if len(batches) == 64:
            await asyncio.gather(*(app.tables.transact(CONTACTS, directory.id, b) for b in batches))
            batches = []
    await asyncio.gather(
        *(app.tables.transact(CONTACTS, directory.id, b) for b in [*batches, batch])
    )
    await app.tables.close()


def _resources(people: int) -> Iterator[dict[str, object]]:
    searched = names()
    for person in Company().people(0, people - len(searched)):
        body = post_body(target_attributes(person))
        yield {name: value for name, value in body.items() if name not in ("meta", "roles")}
    for number, name in enumerate(searched):
        yield _resource(number, name)


def _resource(number: int, name: Name) -> dict[str, object]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": f"u{number}@searched.example",
        "displayName": name.shown,
        "name": {"givenName": name.given, "familyName": name.family},
    }


if __name__ == "__main__":
    main()
