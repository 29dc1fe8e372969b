"""`python -m local storage`: generate the document of the stored rows from the schema."""

import argparse
import sys
from pathlib import Path

NAME = "storage"
HELP = "print docs/storage.md, made from the schema of the stored rows"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--to", metavar="FILE", type=Path, help="write it there")


def run(arguments: argparse.Namespace) -> int:
    """Print the document or write it; return 0."""
    from local.storage_document import document

    if arguments.to is None:
        sys.stdout.write(document())
    else:
        arguments.to.write_text(document(), encoding="utf-8")
    return 0
