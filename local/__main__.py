"""`python -m local`: the command line, with one command per module in `local/commands`."""

from __future__ import annotations  # an old Python must get as far as the check

import argparse
import importlib
import pkgutil
import sys

OLDEST = (3, 11)
STOPPED = 130  # exit code that shells report after Ctrl-C


def main(given: list[str] | None = None) -> int:
    """Run the command named by `given` (default: sys.argv) and return its exit code."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        print(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {found}.", file=sys.stderr
        )
        return 1
    import local.commands

    parser = argparse.ArgumentParser(
        prog="python -m local", description="External Directories on this machine."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    names = sorted(each.name for each in pkgutil.iter_modules(local.commands.__path__))
    asked = (sys.argv[1:] if given is None else given)[:1]
    for name in (
        asked if asked and asked[0] in names else names
    ):  # a named command doesn't import the others
        module = importlib.import_module(f"local.commands.{name}")
        command = commands.add_parser(module.NAME, help=module.HELP, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args(given)
    try:
        code: int = arguments.run(arguments)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return STOPPED
    return code


if __name__ == "__main__":
    sys.exit(main())
