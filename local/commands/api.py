"""`python -m local api`: the API document from the description that the app serves."""

import argparse
import sys
from pathlib import Path

NAME = "api"
HELP = "print docs/api.md, made from the OpenAPI description"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--to", metavar="FILE", type=Path, help="write it there")
    parser.add_argument(
        "--compare", metavar="FILE", type=Path, help="fail where that file is not current"
    )


def run(arguments: argparse.Namespace) -> int:
    """0; 1 where the file to compare with is another."""
    from local.api_document import document
    from web.openapi.description import describe

    made = document(describe())
    if arguments.compare is not None:
        if arguments.compare.exists() and arguments.compare.read_text(encoding="utf-8") == made:
            return 0
        print(
            f"{arguments.compare} is not current: python -m local api --to {arguments.compare}",
            file=sys.stderr,
        )
        return 1
    if arguments.to is not None:
        arguments.to.write_text(made, encoding="utf-8")
    else:
        sys.stdout.write(made)
    return 0
