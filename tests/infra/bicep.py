"""Parses the Bicep templates into syntax trees (tree-sitter-bicep)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tree_sitter
import tree_sitter_bicep

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
TEMPLATES = sorted(INFRA.rglob("*.bicep"))


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))


def parse(source: str) -> tree_sitter.Node:
    """Return the syntax tree of Bicep source."""
    return _parser().parse(source.encode()).root_node


@cache
def tree(path: Path) -> tree_sitter.Node:
    """Return the syntax tree of a template."""
    return parse(path.read_text(encoding="utf-8"))


def walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the node and all nodes below it."""
    yield node
    for child in node.children:
        yield from walk(child)


def text(node: tree_sitter.Node) -> str:
    """Return the source text of `node`."""
    return (node.text or b"").decode()


def errors(root: tree_sitter.Node) -> list[str]:
    """Return each syntax error with its line and text."""
    return [
        f"{n.start_point.row + 1}: {text(n)[:60]}"
        for n in walk(root)
        if n.type == "ERROR" or n.is_missing
    ]


def declarations(path: Path, kind: str) -> dict[str, tree_sitter.Node]:
    """Return the declarations of `kind` (parameter, variable, resource, module, output) by name."""
    found = (n for n in walk(tree(path)) if n.type == f"{kind}_declaration")
    return {text(n.named_children[0]): n for n in found}


def identifiers(node: tree_sitter.Node) -> set[str]:
    """Return every identifier below the node."""
    return {text(n) for n in walk(node) if n.type == "identifier"}


def keys(node: tree_sitter.Node) -> list[str]:
    """Return the keys of every object below the node."""
    properties = (n for n in walk(node) if n.type == "object_property" and n.named_children)
    return [text(p.named_children[0]).strip("'") for p in properties]


def entries(body: tree_sitter.Node) -> dict[str, tree_sitter.Node]:
    """Return the key-value pairs of one object, without those of objects nested in it."""
    pairs = (p.named_children for p in body.named_children if p.type == "object_property")
    return {text(pair[0]).strip("'"): pair[1] for pair in pairs if len(pair) > 1}


def first_object(node: tree_sitter.Node) -> tree_sitter.Node:
    """Return the body of a resource or module, which is its first object."""
    return next(n for n in walk(node) if n.type == "object")


def values(declaration: tree_sitter.Node) -> dict[str, str]:
    """Return the values of a resource, module or variable by path: `properties.httpsOnly` -> `false`.

    Lists and expressions are as in the template, with single spaces. A body that isn't an object has
    the path "".
    """
    body = next((n for n in declaration.children if n.type == "object"), None)
    if body is None and (
        loop_or_condition := [n for n in declaration.children if n.type in _AROUND]
    ):
        body = first_object(loop_or_condition[0])
    return dict(_flat(body if body is not None else declaration.children[-1], ""))


_AROUND = ("for_statement", "if_statement")


def _flat(node: tree_sitter.Node, place: str) -> Iterator[tuple[str, str]]:
    if node.type != "object":
        yield place, " ".join(text(node).split())
        return
    for name, value in entries(node).items():
        yield from _flat(value, f"{place}.{name}" if place else name)


@dataclass(frozen=True, slots=True)
class Call:
    """A template's use of a module, with the names of the parameters that it passes."""

    template: Path
    module: Path
    given: frozenset[str]


def calls(path: Path) -> list[Call]:
    """Return every use of a module in the template at `path`, with the names of the passed parameters."""
    found = []
    for node in declarations(path, "module").values():
        reference = text(next(n for n in walk(node) if n.type == "string")).strip("'")
        given = entries(first_object(node)).get("params")
        names = frozenset(entries(given)) if given is not None else frozenset()
        found.append(Call(path, (path.parent / reference).resolve(), names))
    return found


def required(path: Path) -> set[str]:
    """Return the parameters of a template that have no default."""
    return {
        name
        for name, node in declarations(path, "parameter").items()
        if "=" not in {c.type for c in node.children}
    }
