"""`python -m local api`: generate the OpenAPI description from the operations and response models."""

import argparse
import sys
from pathlib import Path

NAME = "api"
HELP = "generate the OpenAPI descriptions that the app serves"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--version",
        choices=("3.1", "3.0"),
        default="3.1",
        help="of the OpenAPI Specification (default: %(default)s)",
    )
    parser.add_argument("--to", metavar="FILE", type=Path, help="write it there")
    parser.add_argument(
        "--compare", metavar="FILE", type=Path, help="exit with 1 if that file is not current"
    )
    parser.add_argument(
        "--write", action="store_true", help="write both files that the app serves (web/openapi)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write or print the description; return 0, or 1 if the file given by --compare is not current."""
    if arguments.write:
        from web.openapi.endpoints import VERSIONS, path_of

        for version in VERSIONS:
            path_of(version).write_text(generate(version), encoding="utf-8")
        return 0
    made = generate(arguments.version)
    if arguments.compare is not None:
        if arguments.compare.exists() and arguments.compare.read_text(encoding="utf-8") == made:
            return 0
        print(
            f"{arguments.compare} is not current: python -m local api --write",
            file=sys.stderr,
        )
        return 1
    if arguments.to is not None:
        arguments.to.write_text(made, encoding="utf-8")
    else:
        sys.stdout.write(made)
    return 0


def generate(version: str) -> str:
    """Return the description in this version of the OpenAPI Specification, as indented JSON."""
    import json

    from local.openapi.document import describe
    from local.openapi.openapi30 import downgrade

    document = describe() if version == "3.1" else downgrade(describe())
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
