"""`python -m local provision`: simulate Entra's provisioning service against any SCIM server."""

import argparse
import asyncio
import sys
import time
from typing import Any, TextIO

import orjson

from local import entra
from local.entra import CYCLES, Dialect, Options, Progress, Summary
from local.entra.options import FLAG
from local.entra.process_time import ProcessTimeError

NAME = "provision"
HELP = "play Entra's provisioning service against a SCIM server"

_SHOWN = 20  # kinds of error
_REFRESH = 0.2  # seconds between two updates of the terminal


# Options by name, with the arguments of `add_argument`.
_OPTIONS: dict[str, dict[str, Any]] = {
    "--base": {
        "required": True,
        "metavar": "URL",
        "help": f"SCIM base URL (tenant URL), with or without ?{FLAG}",
    },
    "--instance": {
        "action": "append",
        "default": [],
        "metavar": "URL",
        "help": "base URL of another instance of the same target; requests go to all in turn (repeatable)",
    },
    "--token": {"required": True, "help": "secret token of the directory"},
    "--people": {
        "type": int,
        "default": 250,
        "metavar": "N",
        "help": "people in the company (default 250)",
    },
    "--groups": {
        "type": int,
        "default": 5,
        "metavar": "G",
        "help": "groups to provision (default 5)",
    },
    "--connections": {
        "type": int,
        "default": 8,
        "metavar": "C",
        "help": "requests at the same time (default 8)",
    },
    "--dialect": {
        "choices": ("default", "flag"),
        "help": f"PATCH as today, or as with {FLAG} (default: what --base says)",
    },
    "--matching": {
        "choices": ("userName", "externalId"),
        "default": "userName",
        "help": "matching attribute of users",
    },
    "--seed": {
        "type": int,
        "default": 1,
        "metavar": "S",
        "help": "another number, another company (default 1)",
    },
    "--cycles": {
        "default": ",".join(CYCLES),
        "metavar": "LIST",
        "help": "comma-separated; default: %(default)s",
    },
    "--patience": {
        "type": float,
        "default": 60.0,
        "metavar": "SECONDS",
        "help": "how long a failing request is repeated",
    },
    "--page-size": {
        "type": int,
        "default": 100,
        "metavar": "N",
        "help": "users on a page of the cycle discover (default 100)",
    },
    "--measure": {
        "action": "store_true",
        "help": "one kind of request at a time instead of cycles",
    },
    "--server-pid": {
        "type": int,
        "metavar": "PID",
        "help": "with --measure: the server's CPU time per request too (Linux)",
    },
    "--json": {"action": "store_true", "help": "print one JSON object instead of a table"},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    for option, described in _OPTIONS.items():
        parser.add_argument(option, **described)


def run(arguments: argparse.Namespace) -> int:
    """Run the job and print its summary; return 0 if every response was as Entra expects.

    Return 1 if one was not, 2 for invalid options, 130 after Ctrl-C.
    """
    try:
        options = _options(arguments)
        summary = asyncio.run(_job(arguments, options))
    except (ValueError, ProcessTimeError) as error:
        print(f"provision: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nprovision: stopped; run it again to finish the job", file=sys.stderr)
        return 130
    print(orjson.dumps(summary.as_json()).decode() if arguments.json else "\n".join(table(summary)))
    return 0 if summary.ok else 1


def _options(arguments: argparse.Namespace) -> Options:
    dialect: Dialect = arguments.dialect or (
        "flag" if FLAG.lower() in arguments.base.lower() else "default"
    )
    return Options(
        base=arguments.base,
        token=arguments.token,
        people=arguments.people,
        connections=arguments.connections,
        dialect=dialect,
        groups=arguments.groups,
        seed=arguments.seed,
        cycles=tuple(cycle.strip() for cycle in arguments.cycles.split(",") if cycle.strip()),
        matching=arguments.matching,
        patience=arguments.patience,
        page_size=arguments.page_size,
        instances=tuple(arguments.instance),
    )


async def _job(arguments: argparse.Namespace, options: Options) -> Summary:
    screen = Screen(sys.stderr if arguments.json else sys.stdout)
    try:
        if arguments.measure:
            return await entra.measure(options, screen.show, arguments.server_pid)
        return await entra.run(options, screen.show)
    finally:
        screen.end()


class Screen:
    """Prints progress: on a terminal one line that changes, in a file one line per cycle."""

    def __init__(self, out: TextIO) -> None:
        """Print nothing before the first report."""
        self._out, self._terminal = out, out.isatty()
        self._next, self._cycle, self._last = 0.0, "", ""

    def show(self, progress: Progress) -> None:
        """Print the progress of the run, at most five times a second."""
        line = (
            f"{progress.cycle:<17}{progress.done:>7,} of {progress.total:,}   {progress.requests_per_second:>6,.0f}"
            f" requests/s   {progress.errors} errors"
        )
        if self._cycle not in ("", progress.cycle):
            self._print(self._last, final=True)
        elif self._terminal and time.monotonic() >= self._next:
            self._print(line, final=False)
        self._cycle, self._last = progress.cycle, line

    def end(self) -> None:
        """Print the final progress as a line that isn't overwritten."""
        if self._last:
            self._print(self._last, final=True)

    def _print(self, line: str, *, final: bool) -> None:
        self._next = time.monotonic() + _REFRESH
        start, end = "\r\x1b[K" if self._terminal else "", "\n" if final else ""
        self._out.write(f"{start}{line}{end}")
        self._out.flush()


def table(summary: Summary) -> list[str]:
    """Return the summary as lines of text."""
    lines = ["", f"{'operation':<24}{'count':>9}{'p50 ms':>9}{'p95 ms':>9}{'/s':>9}{'CPU ms':>9}"]
    for name, operation in summary.operations.items():
        rate = f"{operation.requests_per_second:>9,.0f}" if operation.requests_per_second else ""
        cpu = f"{operation.cpu_ms:>9.2f}" if operation.cpu_ms is not None else ""
        lines.append(
            f"{name:<24}{operation.count:>9,}{operation.p50_ms:>9.1f}{operation.p95_ms:>9.1f}{rate}{cpu}"
        )
    if not any(operation.requests_per_second for operation in summary.operations.values()):
        lines[1] = lines[1][:51]
    done = ", ".join(f"{count:,} {what}" for what, count in summary.done.items())
    lines += ["", done] if done else [""]
    lines.append(
        f"{summary.requests:,} requests in {summary.seconds:,.1f} s: {summary.requests_per_second:,.0f}/s,"
        f" p50 {summary.p50_ms} ms, p95 {summary.p95_ms} ms, {summary.retries} repeated, {summary.error_count} errors"
    )
    lines.append(
        "answers: "
        + ", ".join(f"{count:,} × {status}" for status, count in summary.statuses.items())
    )
    lines += [
        f"  {error.count:>6,} × {error.request}: {error.reason}"
        for error in summary.errors[:_SHOWN]
    ]
    if len(summary.errors) > _SHOWN:
        lines.append(
            f"  and {len(summary.errors) - _SHOWN} other kinds of error, which --json lists"
        )
    if summary.quarantined:
        lines.append(f"Quarantined: {summary.quarantined}")
    return lines
