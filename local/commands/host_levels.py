"""`python -m local host-levels`: write the log level of every function to host.json."""

import argparse
import sys

NAME = "host-levels"
HELP = "write the log levels of every function into host.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--check", action="store_true", help="fail if host.json is not current")


def run(arguments: argparse.Namespace) -> int:
    """Write host.json, or with --check compare it; return 1 if it is not current."""
    from local.host_levels import HOST_FILE, function_names, host_file

    text = HOST_FILE.read_text(encoding="utf-8")
    made = host_file(text, function_names())
    if not arguments.check:
        HOST_FILE.write_text(made, encoding="utf-8")
    elif text != made:
        print("host.json is not current: python -m local host-levels", file=sys.stderr)
        return 1
    return 0
