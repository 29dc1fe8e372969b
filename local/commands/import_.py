"""`python -m local import`: store every row of an exported file in a deployment."""

import argparse
import asyncio
import sys
from pathlib import Path

NAME = "import"
HELP = "restore: bring the rows of an export into a deployment"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--tables", metavar="URL", required=True, help="where to put the data (as setting TABLES)"
    )
    parser.add_argument(
        "--from", dest="source", metavar="FILE", required=True, type=Path, help="the file to read"
    )
    parser.add_argument(
        "--replace", action="store_true", help="remove all rows of the target first"
    )


def run(arguments: argparse.Namespace) -> int:
    """Import the file and return the exit code.

    It is 0 if all rows are stored byte for byte and `check` finds no fault, else 1.
    """
    from local.commands.check import report
    from local.transfer.command import carry_out
    from local.transfer.file import overview
    from local.transfer.importing import load
    from local.transfer.progress import Progress
    from shared.app import App

    async def work(app: App) -> int:
        progress = Progress(sys.stderr, "Imported", overview(arguments.source).rows)
        try:
            done = await load(app, arguments.source, progress, replace=arguments.replace)
        finally:
            progress.end()
        again = ", continuing an import that was stopped" if done.continued else ""
        print(
            f"{done.overview.rows:,} rows of {done.overview.created}{again}; read back, byte for byte the same"
        )
        return await report(app)

    return asyncio.run(carry_out(arguments.tables, work))
