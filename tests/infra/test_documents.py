"""The documents name only files, commands, options and targets that exist."""

import argparse
import functools
import importlib
import importlib.util
import pkgutil
import re
from pathlib import Path

import pytest

from local import commands

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FOLDERS = (
    "shared|directories|scim|presence|contacts|web|local|bench|tests|infra|docs|\\.github|\\.ci"
)
_PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]*|[\w-]+\.(?:toml|yaml|md))`")
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)?(?:#([^)\s]+))?\)")
_MODULE = re.compile(r"python -m ([a-z_]+(?:\.[a-z_0-9]+)*)")
_COMMAND = re.compile(r"python -m local ([a-z-]+)([^`\n]*)")
_TARGET = re.compile(r"`make ([a-z-]+)`|^make ([a-z-]+)$", re.MULTILINE)
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def _text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def _anchors(document: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub derives them."""
    headings = re.findall(r"^#+ (.+)$", _text(document), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@each_document
def test_every_path_exists(document: Path) -> None:
    """A path in a document exists; it is relative to the repository's root, and one that ends with / is a
    folder.
    """
    assert not [name for name in set(_PATH.findall(_text(document))) if not (ROOT / name).exists()]


@each_document
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    """Each relative link names an existing file and anchor; links to other sites aren't checked."""
    broken = []
    for name, anchor in _LINK.findall(_text(document)):
        target = (document.parent / name).resolve() if name else document
        is_known = target.exists() and (not anchor or anchor in _anchors(target))
        broken += [] if is_known else [f"{name}#{anchor}"]
    assert not broken


@each_document
def test_every_module_that_is_run_exists(document: Path) -> None:
    """Each module in a `python -m …` of a document exists."""
    named = set(_MODULE.findall(_text(document))) - {"venv", "pip", "pytest"}
    assert not [name for name in named if importlib.util.find_spec(name) is None]


@functools.cache
def _options() -> dict[str, set[str]]:
    """Return the options of each command of `python -m local`, including those of its subcommands."""
    found = {}
    for module in pkgutil.iter_modules(commands.__path__):
        command = importlib.import_module(f"local.commands.{module.name}")
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        found[command.NAME] = _of_parser(parser)
    return found


def _of_parser(parser: argparse.ArgumentParser) -> set[str]:
    found = set()
    for action in parser._actions:
        found |= {name for name in action.option_strings if name.startswith("--")}
        if isinstance(action, argparse._SubParsersAction):
            found |= set().union(*(_of_parser(one) for one in action.choices.values()))
    return found


@each_document
def test_every_command_has_the_named_options(document: Path) -> None:
    """Each option in a `python -m local COMMAND --option …` of a document exists."""
    wrong = [
        f"{command} {option}"
        for command, rest in _COMMAND.findall(_text(document))
        for option in ["", *re.findall(r"(--[a-z-]+)", rest)]
        if command not in _options() or (option and option not in _options()[command])
    ]
    assert not wrong


@each_document
def test_every_target_of_make_exists(document: Path) -> None:
    """Each target in a `make TARGET` of a document exists."""
    targets = set(re.findall(r"^([a-z-]+):", _text(ROOT / "Makefile"), re.MULTILINE))
    named = {one or other for one, other in _TARGET.findall(_text(document))}
    assert not named - targets
