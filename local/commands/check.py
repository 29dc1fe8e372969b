"""`python -m local check`: every row of every directory and what it stands for agree."""

import argparse
import asyncio
import os

NAME = "check"
HELP = "prove that all rows of the directories agree with each other"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--tables", metavar="URL", help="where the data is (setting TABLES)")
    parser.add_argument("--directory", metavar="ID", help="only this directory")


def run(arguments: argparse.Namespace) -> int:
    """Print a line a directory and every fault; 0 only when there is none."""
    return asyncio.run(_check(arguments))


async def _check(arguments: argparse.Namespace) -> int:
    from directories import store
    from local.check import check
    from shared.clock import SystemClock
    from shared.services import Services
    from shared.settings import Settings
    from shared.tables.open import open_tables

    settings = Settings.read({**os.environ, **({"TABLES": arguments.tables} if arguments.tables else {})})
    services = Services(settings, SystemClock(), open_tables(settings))
    faults = 0
    try:
        ids = (
            [arguments.directory]
            if arguments.directory
            else [row.key for row in await store.index(services.tables, store.ALL)]
        )
        for directory_id in ids:
            directory = await store.get(services.tables, directory_id)
            if directory is None:
                print(f"{directory_id}: there is no such directory")
                faults += 1
                continue
            found = await check(services, directory)
            faults += len(found.faults)
            state = "agree" if not found.faults else f"{len(found.faults)} FAULTS"
            print(f"{directory_id}: {found.users} users, {found.groups} groups, {found.rows} rows: {state}")
            for fault in found.faults[:50]:
                print(f"  {fault}")
    finally:
        await services.tables.close()
    print("no faults" if not faults else f"{faults} faults")
    return 1 if faults else 0
