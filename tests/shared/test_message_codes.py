"""Every text that the source uses exists and gets its parameters, checked without running the
code.
"""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment, nodes

import shared
from shared.messages import CodeFamily, catalogue

_ROOT = Path(shared.__file__).parent.parent
_PACKAGES = ("shared", "directories", "scim", "presence", "contacts", "web")
_SOURCES = sorted(path for package in _PACKAGES for path in (_ROOT / package).rglob("*.py"))
_TEMPLATES = sorted((_ROOT / "web/templates").glob("*.html"))
# Calls that take a code: the position of the code, and the parameters that the callee adds.
_MAKERS: dict[str, tuple[int, frozenset[str]]] = {
    "Message": (0, frozenset()),
    "counted": (0, frozenset({"count"})),
    "t": (0, frozenset()),
    "pattern": (0, frozenset()),
    "bad_syntax": (0, frozenset()),
    "bad_path": (0, frozenset()),
    "no_target": (0, frozenset()),
    "bad_value": (1, frozenset({"attribute"})),
    "mutability": (1, frozenset({"attribute"})),
    "BadAssertion": (0, frozenset()),
    "Untrusted": (0, frozenset()),
}
_FIELDS = {
    code: frozenset(name for _, name, _, _ in Formatter().parse(pattern) if name)
    for code, pattern in catalogue("en").items()
}


@dataclass(frozen=True)
class Use:
    """A use of a code in the source; `params` is None if the parameters are added elsewhere."""

    where: str
    code: str
    params: frozenset[str] | None


class _Finder(ast.NodeVisitor):
    """Collects the uses of codes in a module, and the places whose code can't be determined."""

    def __init__(self, path: Path) -> None:
        self.path = path.relative_to(_ROOT)
        self.uses: list[Use] = []
        self.unknown: list[str] = []
        self._functions: list[str] = []
        self.visit(ast.parse(path.read_text()))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    def visit_Call(self, node: ast.Call) -> None:
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        is_maker = name in _MAKERS and not (name == "pattern" and isinstance(node.func, ast.Name))
        # A maker that hands its own argument on is checked at its callers.
        if is_maker and not any(function in _MAKERS for function in self._functions):
            self._use(name, node)
        self.generic_visit(node)

    def _use(self, name: str, node: ast.Call) -> None:
        position, own = _MAKERS[name]
        where = f"{self.path}:{node.lineno}"
        codes = list(_constants(node.args[position])) if len(node.args) > position else [None]
        named = own | {keyword.arg for keyword in node.keywords if keyword.arg}
        has_star = any(keyword.arg is None for keyword in node.keywords)
        for code in codes:
            if code is None:
                self.unknown.append(where)
            elif code:
                params = None if has_star or name == "pattern" else frozenset(named)
                self.uses.append(Use(where, code, params))


def _constants(node: ast.expr) -> Iterator[str | None]:
    """Yield the codes that an expression may have; "" for one of a family, None if it can't be known."""
    match node:
        case ast.Constant(value=str(code)):
            yield code
        case ast.IfExp(body=body, orelse=orelse):
            yield from _constants(body)
            yield from _constants(orelse)
        case ast.Call(func=ast.Attribute(attr="code")):
            yield ""
        case _:
            yield None


_FOUND = [_Finder(path) for path in _SOURCES]
_USES = [use for finder in _FOUND for use in finder.uses]


def _families() -> Iterator[tuple[str, CodeFamily]]:
    """Yield every family that a module of the source defines, with the module's name."""
    for path in _SOURCES:
        if "CodeFamily(" not in path.read_text() or path.name == "messages.py":
            continue
        name = ".".join(path.relative_to(_ROOT).with_suffix("").parts)
        for attribute in vars(importlib.import_module(name)).values():
            if isinstance(attribute, CodeFamily):
                yield name, attribute


_FAMILIES = list(_families())


def test_every_code_in_the_source_exists() -> None:
    """Otherwise a typing error would be found only by the user who needs the text."""
    assert not [use for use in _USES if use.code not in _FIELDS]


def test_every_message_gets_the_parameters_of_its_text() -> None:
    """A missing parameter raises an error when the text is rendered."""
    wrong = [
        (use, sorted(_FIELDS[use.code]))
        for use in _USES
        if use.params is not None and use.code in _FIELDS and use.params != _FIELDS[use.code]
    ]
    assert not wrong


def test_a_code_is_a_literal_or_a_member_of_a_family() -> None:
    """A code that is put together at run time can't be checked, so CodeFamily builds it."""
    assert not [where for finder in _FOUND for where in finder.unknown]


def test_every_family_has_a_text_for_each_member() -> None:
    """A new event, tab, reason or state needs its texts in each language."""
    missing = {
        (module, code) for module, family in _FAMILIES for code in family.codes() - _FIELDS.keys()
    }
    assert not missing
    assert len(_FAMILIES) > 20


def _template_uses(path: Path) -> Iterator[tuple[Use, str]]:
    """Yield the uses in a template; the second element is a problem, "" for none."""
    tree = Environment(autoescape=True).parse(path.read_text())
    filled: dict[int, frozenset[str]] = {
        id(found.node): frozenset(str(pair.key) for pair in found.kwargs)
        for found in tree.find_all(nodes.Filter)
        if found.name == "rich"
    }
    for call in tree.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or call.node.name not in ("t", "pattern"):
            continue
        where = f"{path.name}:{call.lineno}"
        params: frozenset[str] = frozenset(str(pair.key) for pair in call.kwargs)
        if call.node.name == "pattern":
            yield from _template_codes(call.args[0], where, filled.get(id(call)))
        else:
            yield from _template_codes(call.args[0], where, params)


def _template_codes(
    node: nodes.Expr, where: str, params: frozenset[str] | None
) -> Iterator[tuple[Use, str]]:
    match node:
        case nodes.Const(value=str(code)):
            yield Use(where, code, params), ""
        case nodes.CondExpr():
            yield from _template_codes(node.expr1, where, params)
            assert node.expr2 is not None
            yield from _template_codes(node.expr2, where, params)
        case nodes.Call(node=nodes.Getattr(node=nodes.Name(name=name), attr="code")):
            known = {name for name, _ in _named_families()}
            yield Use(where, "", None), "" if name in known else f"no family {name}"
        case _:
            yield Use(where, "", None), "neither a literal nor a member of a family"


def _named_families() -> Iterator[tuple[str, CodeFamily]]:
    from web.text_families import IN_TEMPLATES

    yield from IN_TEMPLATES.items()


@pytest.mark.parametrize("template", _TEMPLATES, ids=lambda path: path.name)
def test_every_text_of_a_template_exists_with_its_parameters(template: Path) -> None:
    """Text look-ups of templates are literals, or members of a family of web.text_families."""
    for use, problem in _template_uses(template):
        assert not problem, use
        if use.code:
            assert use.code in _FIELDS, use
            if use.params is not None:
                assert use.params == _FIELDS[use.code], use


# Codes that no code asks for any more, but that rows of earlier releases hold.
_STORED_ONLY = frozenset({"number", "number_long"})


def test_every_text_is_used() -> None:
    """Translators would work in vain on an unused text."""
    used = {use.code for use in _USES}
    used |= {f"{use.code}_one" for use in _USES if use.params and "count" in use.params}
    used |= {code for _, family in _FAMILIES for code in family.codes()}
    for template in _TEMPLATES:
        used |= {use.code for use, _ in _template_uses(template)}
    assert not _FIELDS.keys() - used - _STORED_ONLY


# Sentences of other kinds: descriptions of SCIM's attributes (RFC 7643 section 7), settings and the API.
_DESCRIPTIONS = (
    "contacts/response_models.py",
    "directories/response_models.py",
    "presence/response_models.py",
    "scim/core/discovery_schemas.py",
    "scim/core/group_schema.py",
    "scim/core/schemas.py",
    "scim/core/user_schema.py",
    "scim/discovery/documents.py",
    "shared/api_contract.py",
    "shared/settings.py",
    "web/mcp/models.py",
    "web/openapi/",
)


@pytest.mark.slow
def test_no_sentence_for_people_is_in_the_source() -> None:
    """Texts for users are in the catalogues, once and in every language."""
    found = [
        f"{path.relative_to(_ROOT)}:{line}: {text}"
        for path in _SOURCES
        if not str(path.relative_to(_ROOT)).startswith(_DESCRIPTIONS)
        for line, text in _sentences(path)
    ]
    assert not found


def _sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Yield string constants that read like a sentence, docstrings aside."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        text = node.value
        is_sentence = text[:1].isupper() and text.count(" ") >= 4 and text.rstrip().endswith(".")
        if is_sentence and id(node) not in docstrings:
            yield node.lineno, text
