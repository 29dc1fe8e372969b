"""`python -m local check`: prove that all rows of the directories agree with each other."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.app import App

NAME = "check"
HELP = "prove that all rows of the directories agree with each other"
_SHOWN = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--tables", metavar="URL", help="where the data is (setting TABLES)")
    parser.add_argument("--directory", metavar="ID", help="only this directory")
    parser.add_argument(
        "--repair", action="store_true", help="correct totals that are wrong, then check"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print a line per directory and every fault; return 0 if there is no fault, else 1."""
    from local.transfer.command import carry_out

    async def work(app: "App") -> int:
        ids = [arguments.directory] if arguments.directory else None
        if arguments.repair:
            await repair(app, ids)
        return await report(app, ids)

    return asyncio.run(carry_out(arguments.tables, work, reading=not arguments.repair))


async def repair(app: "App", ids: Sequence[str] | None = None) -> None:
    """Recount the totals of these directories (None: all) and correct the wrong ones."""
    from directories import store, totals
    from local.transfer import partitions

    for directory_id in await partitions.directory_ids(app.tables) if ids is None else ids:
        if await store.get(app.tables, directory_id) is None:
            continue
        wrong = await totals.recount(app, directory_id)
        if wrong is None:
            print(f"{directory_id}: was changed while it was counted; repair it again later")
        elif wrong:
            print(f"{directory_id}: totals corrected by {wrong}")


async def report(app: "App", ids: Sequence[str] | None = None) -> int:
    """Check these directories, or with None all of them and the tenant links; return 1 if there is a fault."""
    from local.check import check_links
    from local.transfer import importing, partitions

    every = await partitions.directory_ids(app.tables) if ids is None else ids
    faults = sum([await _one(app, directory_id, named=ids is not None) for directory_id in every])
    if ids is None:
        broken = await check_links(app)
        if await importing.unfinished(app):
            broken.append(
                "an import was begun and has not ended: start it again with the same file"
            )
        faults += len(broken)
        _list(broken)
    print("no faults" if not faults else f"{faults} faults")
    return 1 if faults else 0


async def _one(app: "App", directory_id: str, *, named: bool) -> int:
    from directories import store
    from local.check import check

    directory = await store.get(app.tables, directory_id)
    if directory is None:
        # Its creation was interrupted before the last step: it is invisible and can be repeated.
        print(
            f"{directory_id}: there is no such directory{'' if named else ', only an index row (harmless)'}"
        )
        return int(named)
    if directory.state == "removing":
        print(f"{directory_id}: is being removed")
        return 0
    found = await check(app, directory)
    state = "agree" if not found.faults else f"{len(found.faults)} FAULTS"
    if found.to_reindex:
        state += f"; {found.to_reindex} records to reindex (the app does it; `python -m local reindex` at once)"
    print(f"{directory_id}: {found.users} users, {found.groups} groups, {found.rows} rows: {state}")
    _list(found.faults)
    return len(found.faults)


def _list(faults: Sequence[str]) -> None:
    for fault in faults[:_SHOWN]:
        print(f"  {fault}")
    if len(faults) > _SHOWN:
        print(f"  … and {len(faults) - _SHOWN} more")
