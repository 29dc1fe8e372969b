"""`python -m local export`: write every row of a deployment to a file."""

import argparse
import asyncio
import sys
from pathlib import Path

NAME = "export"
HELP = "back up: write every row of a deployment to a file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--tables", metavar="URL", required=True, help="where the data is (as setting TABLES)"
    )
    parser.add_argument(
        "--to", metavar="FILE", required=True, type=Path, help="the file to write; it may not exist"
    )
    parser.add_argument("--replace", action="store_true", help="write over the file")


def run(arguments: argparse.Namespace) -> int:
    """Export to the file and return the exit code.

    It is 0 if the file is complete, 3 if a directory changed during each attempt to read it, and 1
    if no file was written.
    """
    from local.transfer.command import carry_out
    from local.transfer.exporting import export
    from local.transfer.file import TransferError
    from local.transfer.progress import Progress
    from shared.app import App

    async def work(app: App) -> int:
        if arguments.to.exists() and not arguments.replace:
            raise TransferError(
                f"{arguments.to} exists. Choose another name, or write over it with --replace."
            )
        progress = Progress(sys.stderr, "Exported")
        try:
            done = await export(app, arguments.to, progress)
        finally:
            progress.end()
        print(f"{done.directories} directories, {done.rows:,} rows in {arguments.to}")
        print(
            "It holds people's data and the hashes of tokens: keep it where only you can read it."
        )
        for directory_id in done.restless:
            print(
                f"Directory {directory_id} was changed each time it was read; some changes may be in the file in part."
                " Pause its provisioning and export again, or `check` after the import.",
                file=sys.stderr,
            )
        return 3 if done.restless else 0

    return asyncio.run(carry_out(arguments.tables, work, reading=True))
