"""The fake `az`: it returns the first matching response of the table in its folder, and records its
arguments in that folder.
"""

import fcntl
import json
import os
import sys
from typing import Any


def answer_to(folder: str, arguments: list[str]) -> dict[str, Any]:
    """Return the `out`, `error` and `status` with which `az` responds to these arguments."""
    with open(os.path.join(folder, "calls.jsonl"), "a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    line = " ".join(arguments)
    with open(os.path.join(folder, "answers.json"), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        answers = json.load(file)
        fitting = (one for one in answers if all(word in line for word in one["words"]))
        answer: dict[str, Any] | None = next((one for one in fitting if one["times"] != 0), None)
        if answer is None:
            return {"out": "", "error": f"the fake az knows no answer to: {line}\n", "status": 1}
        answer["times"] -= 1
        file.seek(0)
        json.dump(answers, file)
        file.truncate()
    if answer["keep"]:
        _copy(_after("--file", arguments), _blob(answer["keep"], arguments))
    if answer["give"]:
        _copy(_blob(answer["give"], arguments), _after("--file", arguments))
    return answer


def _after(option: str, arguments: list[str]) -> str:
    return arguments[arguments.index(option) + 1]


def _blob(folder: str, arguments: list[str]) -> str:
    return os.path.join(folder, _after("--name", arguments))


def _copy(source: str, target: str) -> None:
    with open(source, "rb") as read, open(target, "wb") as written:
        written.write(read.read())


if __name__ == "__main__":
    found = answer_to(sys.argv[1], sys.argv[2:])
    sys.stdout.write(found["out"])
    sys.stderr.write(found["error"])
    sys.exit(found["status"])
