"""A fake Azure CLI: it returns prepared responses and records its arguments."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.infra.az_program import answer_to

_run = subprocess.run
_PROGRAM = Path(__file__).with_name("az_program.py")


def shell_program(path: Path, *lines: str) -> None:
    """Write an executable shell script; it starts in milliseconds, whereas a `python3` of pyenv takes longer."""
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)


@dataclass
class FakeAz:
    """A folder for the front of the PATH with a fake `az`.

    A call gets the first prepared response whose words all occur in its arguments.
    """

    folder: Path
    answers: list[dict[str, object]] = field(default_factory=list)

    def answer(
        self,
        *words: str,
        out: str = "",
        error: str = "",
        status: int = 0,
        times: int = -1,
        keep: Path | None = None,
        give: Path | None = None,
    ) -> None:
        """Prepare a response for the next `times` calls (-1: all) whose arguments contain all `words`.

        `keep`: copy the file of `--file` into that folder, named as `--name` says. `give`: copy the file
        `--name` of that folder to `--file`.
        """
        kept = str(keep) if keep else ""
        self.answers.append(
            {
                "words": words,
                "out": out,
                "error": error,
                "status": status,
                "times": times,
                "keep": kept,
                "give": str(give) if give else "",
            }
        )

    def environment(self, **more: str) -> dict[str, str]:
        """Write the program, and return the environment variables that put it first on the PATH."""
        command = (sys.executable, "-IS", str(_PROGRAM), str(self.folder))
        shell_program(self.folder / "az", f'exec {shlex.join(command)} "$@"')
        (self.folder / "answers.json").write_text(json.dumps(self.answers), encoding="utf-8")
        (self.folder / "calls.jsonl").touch()
        shell_program(self.folder / "python3", f'exec {shlex.quote(sys.executable)} -IS "$@"')
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, **more}

    def run(self, command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        """Replace `subprocess.run` in text mode: handle an `az` command in this process, and run others."""
        if Path(command[0]).parent != self.folder or Path(command[0]).name != "az":
            return _run(command, **options)
        found = answer_to(str(self.folder), command[1:])
        return subprocess.CompletedProcess(command, found["status"], found["out"], found["error"])

    def calls(self) -> list[list[str]]:
        """Return the arguments of every call, in order."""
        text = (self.folder / "calls.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def bodies(self, base: str) -> dict[str, Any]:
        """Return the JSON bodies that calls of `az rest` sent to URLs under `base`, by the rest of the URL."""
        sent = (call for call in self.calls() if "--body" in call)
        return {
            call[call.index("--url") + 1].removeprefix(base): json.loads(
                call[call.index("--body") + 1]
            )
            for call in sent
        }
