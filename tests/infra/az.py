"""A fake Azure CLI: answers from a table, and notes its arguments."""

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

_SCRIPT = """#!/usr/bin/env -S python3 -SE
import fcntl, json, os, shutil, sys
arguments = sys.argv[1:]
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "calls.jsonl"), "a") as calls:
    calls.write(json.dumps(arguments) + "\\n")
with open(os.path.join(folder, "answers.json"), "r+") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    answers = json.load(file)
    line = " ".join(arguments)
    for answer in answers:
        if all(word in line for word in answer["words"]) and answer["times"] != 0:
            answer["times"] -= 1
            file.seek(0)
            json.dump(answers, file)
            file.truncate()
            break
    else:
        sys.exit(f"the fake az knows no answer to: {line}")
for source in ("--file",) if answer["keep"] else ():
    name = arguments[arguments.index("--name") + 1]
    shutil.copy(arguments[arguments.index(source) + 1], os.path.join(answer["keep"], name))
if answer["give"]:
    name = arguments[arguments.index("--name") + 1]
    shutil.copy(os.path.join(answer["give"], name), arguments[arguments.index("--file") + 1])
sys.stdout.write(answer["out"])
sys.stderr.write(answer["error"])
sys.exit(answer["status"])
"""


@dataclass
class FakeAz:
    """A folder to put first on the PATH; `answers` are tried in order, the first with all of its
    words wins.
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
        """Answer calls that contain all `words`; `times` calls (-1: all).

        `keep`: copy `--file` into that folder as `--name`. `give`: copy `--name` of that folder to `--file`.
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
        """Write the program; return an environment in which `az` is it."""
        script = self.folder / "az"
        script.write_text(_SCRIPT, encoding="utf-8")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        (self.folder / "answers.json").write_text(json.dumps(self.answers), encoding="utf-8")
        (self.folder / "calls.jsonl").touch()
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, **more}

    def calls(self) -> list[list[str]]:
        """Return the arguments of every call so far."""
        text = (self.folder / "calls.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]
