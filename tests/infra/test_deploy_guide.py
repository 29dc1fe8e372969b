"""docs/deploy.md shows the output of each command, and the scripts print exactly that."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.infra.az import FakeAz
from tests.infra.bicep import INFRA, ROOT
from tests.infra.test_register_apps import PRESENCE, SIGN_IN, _run

GUIDE = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
# Commands that print nothing, as the guide says beside them.
SILENT = ("azd env set ", "set -a; ", "azd config set ", "az cloud set ", "vault=")


def _commands() -> list[tuple[str, list[str]]]:
    """Return each command of the console fences, with its continuation lines joined, and the output lines
    that the guide shows.
    """
    found: list[tuple[str, list[str]]] = []
    for fence in re.findall(r"^```console\n(.*?)^```", GUIDE, re.M | re.S):
        for part in re.split(r"^\$ ", fence, flags=re.M)[1:]:
            command, _, printed = re.sub(r" \\\n +", " ", part).partition("\n")
            found.append((command, printed.splitlines()))
    return found


COMMANDS = _commands()


@pytest.mark.parametrize(("command", "printed"), COMMANDS, ids=[one[:40] for one, _ in COMMANDS])
def test_each_command_shows_what_it_prints(command: str, printed: list[str]) -> None:
    """Each command of the guide is followed by its output, so that a reader knows whether a step
    succeeded before the next one.
    """
    assert bool(printed) != command.startswith(SILENT), command


def test_each_script_that_is_named_exists_and_can_be_run() -> None:
    """Each script of the guide is executable in a fresh clone, without `chmod`."""
    named = set(re.findall(r"(?<![\w/])infra/[\w-]+\.(?:sh|py)", GUIDE))
    assert named >= {"infra/preflight.py", "infra/smoke.py", "infra/lock.sh"}
    for path in named:
        assert (ROOT / path).exists(), path
        assert path.endswith(".py") or os.access(ROOT / path, os.X_OK), path


def test_each_setting_that_a_command_sets_is_read() -> None:
    """main.bicepparam reads each variable that the guide sets by `azd env set`; another would have no
    effect.
    """
    parameters = (INFRA / "main.bicepparam").read_text(encoding="utf-8")
    read = set(re.findall(r"readEnvironmentVariable\('(\w+)'", parameters))
    own = {"AZURE_RESOURCE_GROUP"}  # azd's
    assert {
        shlex.split(command)[3] for command, _ in COMMANDS if command.startswith("azd env set ")
    } <= read | own


def _printed(start: str) -> list[str]:
    (lines,) = [lines for command, lines in COMMANDS if command.startswith(start)]
    return lines


def test_the_registrations_script_prints_what_is_quoted() -> None:
    """The guide quotes the output of infra/register-apps.sh, of which it cuts the last line short."""
    printed, _ = _run()
    quoted = "\n".join(_printed("infra/register-apps.sh"))
    for name in (SIGN_IN, PRESENCE):
        printed = printed.replace(name, "<guid>", 1)
    assert printed.startswith(quoted.removesuffix(" …"))


def test_the_lock_script_prints_what_is_quoted(tmp_path: Path) -> None:
    """The guide quotes the output of infra/lock.sh: one line per account."""
    az = FakeAz(tmp_path)
    az.answer("lock create")
    (command,) = [one for one, _ in COMMANDS if one.startswith("infra/lock.sh")]
    done = subprocess.run(
        [str(ROOT / command.split()[0]), *command.split()[1:]],
        capture_output=True,
        text=True,
        env=az.environment(),
    )
    assert done.stdout.splitlines() == _printed("infra/lock.sh")


def test_the_steps_of_the_template_are_those_of_the_guide() -> None:
    """The guide lists the NEXT_STEPS that the template returns after a first deployment without backups,
    in the same order.
    """
    _, _, template = (
        (INFRA / "main.bicep").read_text(encoding="utf-8").partition("output NEXT_STEPS")
    )
    steps = [lines for command, lines in COMMANDS if command == "azd env get-value NEXT_STEPS"]
    first = [re.split(r"[:<…]|\.\.\.|https", one)[0] for one in _texts("\n".join(steps[0]))]
    places = [template.index(one.partition(" rg-people")[0].strip()) for one in first]
    assert len(places) == 7
    assert places == sorted(places)
    assert _texts(steps[1][0].replace(" …", "]"))[0] in template


def _texts(listed: str) -> list[str]:
    texts: list[str] = json.loads(re.sub(r",\s*\]$", "]", listed))
    return texts
