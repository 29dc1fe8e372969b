"""`python -m local reindex`: index all records by the rules of this release now.

The app does the same in the background.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.app import App

NAME = "reindex"
HELP = "write index rows again by the rules of this release, which the app does in the background"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--tables", metavar="URL", help="where the data is (setting TABLES)")
    parser.add_argument("directories", metavar="ID", nargs="*", help="directories (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Print a line per directory; return 1 if one doesn't exist or a record can't be read."""
    from local.transfer.command import carry_out

    async def work(app: "App") -> int:
        return await report(app, arguments.directories)

    return asyncio.run(carry_out(arguments.tables, work, existing=True))


async def report(app: "App", ids: Sequence[str]) -> int:
    """Reindex these directories, or all if `ids` is empty.

    Return 1 if a directory could not be reindexed completely.
    """
    from local.transfer import partitions

    every = ids or await partitions.directory_ids(app.tables)
    codes = [await _one(app, directory_id, named=bool(ids)) for directory_id in every]
    return max(codes, default=0)


async def _one(app: "App", directory_id: str, *, named: bool) -> int:
    from directories import store
    from scim.reindex import reindex

    directory = await store.get(app.tables, directory_id)
    if directory is None or not directory.is_active:
        if named:
            print(f"{directory_id}: there is no such directory", file=sys.stderr)
        return int(named)
    done = await reindex(app, directory)
    print(f"{directory_id}: {done.passed:,} records, {done.rewritten:,} written again")
    if done.skipped:
        print(
            f"{directory_id}: {done.skipped:,} records can't be read; `python -m local check` names them",
            file=sys.stderr,
        )
    return int(done.skipped > 0)
