"""`make nightly`: instances are killed and frozen under load, and storage fails; nothing may be lost or wrong.

`python -m tests.instances.nightly --kills 200 --azurite-kills 30 --freezes 20 --fault-seconds 60` prints a line per
part and ends with 1 if anything is wrong. `make test` runs the same parts for seconds.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from tests import emulator
from tests.instances import cluster, faulty_proxy
from tests.instances.cluster import Cluster
from tests.instances.load import Load

SLOTS = 240
_EVERY = 20  # kills between two checks of all rows


@dataclass(slots=True)
class Report:
    """The number of actions and the faults found in one part."""

    name: str
    seconds: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        answers = ", ".join(f"{name}: {count}" for name, count in sorted(self.seen.items()))
        faults = "\n".join(f"  WRONG {one}" for one in self.wrong[:20])
        state = f"{len(self.wrong)} wrong"
        return f"{self.name}: {self.seconds:.0f} s; {answers}; {state}" + (
            f"\n{faults}" if faults else ""
        )


async def kills(tables: str, count: int, *, is_freezing: bool = False) -> Report:
    """Kill one of three instances repeatedly under load; with `is_freezing`, freeze it for up to 3
    s instead.
    """
    report = Report(f"{'freezes' if is_freezing else 'kills'} over {tables.partition(':')[0]}")
    started, chance = time.monotonic(), random.Random(count)
    running = await asyncio.to_thread(Cluster.start, tables)
    try:
        async with running.client() as client:
            load = await Load.begin(client, SLOTS)
            for number in range(1, count + 1):
                victim = chance.choice(running.instances)
                work = asyncio.create_task(load.run(chance.uniform(0.4, 1.2)))
                await asyncio.sleep(chance.uniform(0.05, 0.4))
                if is_freezing:
                    victim.freeze()
                    await asyncio.sleep(chance.uniform(0.2, 3))
                    victim.thaw()
                else:
                    await asyncio.to_thread(victim.kill)
                    victim.start()
                    await asyncio.to_thread(victim.wait)
                await work
                report.seen["freezes" if is_freezing else "kills"] += 1
                if number % _EVERY == 0 or number == count:
                    await load.verify()
                    await _check(running, report)
            report.seen += load.seen
            report.wrong += load.wrong
    finally:
        running.stop()
    report.seconds = time.monotonic() - started
    return report


async def faults(tables: str, seconds: float, share: float = 0.05) -> Report:
    """Run load through a proxy that fails before or after storage has executed a request."""
    report = Report("storage faults")
    started = time.monotonic()
    async with faulty_proxy.before(tables) as (proxy, through):
        running = await asyncio.to_thread(Cluster.start, through, 2)
        try:
            async with running.client() as client:
                load = await Load.begin(client, SLOTS)
                proxy.faults, proxy.share = tuple(faulty_proxy.FAULTS), share
                await load.run(seconds)
                proxy.share = 0.0
                await load.verify()
                await _check(running, report)
                report.seen += load.seen
                report.seen += Counter({f"met {one or 'none'}": n for one, n in proxy.met.items()})
                report.wrong += load.wrong
        finally:
            running.stop()
    report.seconds = time.monotonic() - started
    return report


async def _check(running: Cluster, report: Report) -> None:
    """Run `check` on the directory and record its faults."""
    arguments = ("--tables", running.tables, "--directory", running.directory["directory_id"])
    code, output = await asyncio.to_thread(cluster.command, "check", *arguments)
    report.seen["checks"] += 1
    if code:
        report.wrong.append(output)


async def _run(arguments: argparse.Namespace) -> int:
    reports = list[Report]()

    def done(report: Report) -> None:
        print(report, flush=True)
        reports.append(report)

    for count, is_freezing in ((arguments.kills, False), (arguments.freezes, True)):
        if count:
            tables = cluster.scratch()
            done(await kills(tables, count, is_freezing=is_freezing))
            cluster.remove(tables)
    if arguments.azurite_kills or arguments.fault_seconds:
        with emulator.running() as tables:
            if arguments.azurite_kills:
                done(await kills(tables, arguments.azurite_kills))
            if arguments.fault_seconds:
                done(await faults(tables, arguments.fault_seconds))
    return 1 if any(report.wrong for report in reports) else 0


def main() -> int:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="on SQLite (%(default)s)")
    parser.add_argument("--azurite-kills", type=int, default=30, help="(%(default)s)")
    parser.add_argument("--freezes", type=int, default=20, help="(%(default)s)")
    parser.add_argument("--fault-seconds", type=float, default=60, help="(%(default)s)")
    return asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
