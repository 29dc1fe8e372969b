"""The Bicep templates hold together without a compiler at hand."""

import json
import re
from pathlib import Path

import pytest

from tests.infra import bicep
from tests.infra.bicep import INFRA, ROOT, TEMPLATES

MAIN = INFRA / "main.bicep"
PARAMETERS = (INFRA / "main.bicepparam").read_text(encoding="utf-8")
each_template = pytest.mark.parametrize(
    "path", TEMPLATES, ids=lambda p: p.relative_to(INFRA).as_posix()
)


@each_template
def test_parses(path: Path) -> None:
    """No place of a template is a syntax error (tree-sitter-bicep)."""
    assert bicep.errors(bicep.tree(path)) == []


@each_template
def test_uses_every_parameter_and_variable(path: Path) -> None:
    """Each declaration is used (linter rules no-unused-params and no-unused-vars)."""
    root = bicep.tree(path)
    for kind in ("parameter", "variable"):
        for name in bicep.declarations(path, kind):
            uses = [n for n in bicep.walk(root) if n.type == "identifier" and bicep.text(n) == name]
            assert len(uses) > 1, f"{name} is never used"


@each_template
def test_describes_every_parameter_and_output(path: Path) -> None:
    """The template explains each value to the person who deploys."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"(param|output) ", line):
            above = number - 1
            while lines[above].startswith("@") and not lines[above].startswith("@description("):
                above -= 1
            assert lines[above].startswith("@description("), line


@each_template
def test_says_why_each_resource_and_module_exists(path: Path) -> None:
    """A reader can name the line that needs a resource."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"(resource|module) ", line) and " existing " not in line:
            above = number - 1
            while lines[above].startswith(("//", "#disable")) and not lines[above].startswith(
                "// Why: "
            ):
                above -= 1
            assert lines[above].startswith("// Why: "), line


@pytest.mark.parametrize("call", bicep.calls(MAIN), ids=lambda c: c.module.name)
def test_gives_each_module_exactly_its_parameters(call: bicep.Call) -> None:
    """A module gets every parameter that has no default, and none that it does not have."""
    assert call.module.exists()
    assert call.given <= set(bicep.declarations(call.module, "parameter"))
    assert bicep.required(call.module) <= call.given


def test_uses_every_template() -> None:
    """No template lies about that nothing deploys."""
    assert {call.module for call in bicep.calls(MAIN)} | {MAIN} == set(TEMPLATES)


def test_reads_only_outputs_that_a_module_has() -> None:
    """`module.outputs.name` exists in that module."""
    paths = {
        name: call.module
        for name, call in zip(bicep.declarations(MAIN, "module"), bicep.calls(MAIN), strict=True)
    }
    for module, output in re.findall(r"(\w+)!?\.outputs\.(\w+)", MAIN.read_text(encoding="utf-8")):
        assert output in bicep.declarations(paths[module], "output"), f"{module}.outputs.{output}"


def test_parameter_file_sets_exactly_the_parameters() -> None:
    """Every parameter can be set by a variable of azd."""
    assert set(re.findall(r"^param (\w+) = ", PARAMETERS, re.M)) == set(
        bicep.declarations(MAIN, "parameter")
    )


def test_parameter_file_values_parse() -> None:
    """Each value of the parameter file is a Bicep expression."""
    values = re.sub(r"^param ", "var ", PARAMETERS.partition("\n")[2], flags=re.M)
    assert bicep.errors(bicep.parse(values)) == []


def test_parameter_file_has_the_template_s_defaults() -> None:
    """Without any variable both say the same, so that the file never hides a default."""
    source = MAIN.read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^param (\w+) \S+ = (.+)$", source, re.M))
    for name, default in re.findall(
        r"^param (\w+) = .*readEnvironmentVariable\('\w+', '([^']*)'\)", PARAMETERS, re.M
    ):
        if name != "environmentName":
            assert defaults[name].strip("'") == default, name


def test_holds_no_secret() -> None:
    """No key is read and no secure parameter is passed: identities do everything."""
    for path in TEMPLATES:
        source = path.read_text(encoding="utf-8")
        assert not re.search(
            r"listKeys|listAccountSas|@secure\(\)|AccountKey=|sharedAccess", source
        ), path


def test_creates_the_tables_and_queues_of_the_product() -> None:
    """The app's identity need not create anything."""
    from presence.constants import POISON, QUEUE
    from shared.tables.schema.base import TABLES

    variables = bicep.declarations(INFRA / "modules/storage.bicep", "variable")
    created = {
        name: re.findall(r"'([^']+)'", bicep.text(variables[name])) for name in ("tables", "queues")
    }
    assert created == {"tables": list(TABLES), "queues": [QUEUE, POISON]}


def test_app_roles_are_those_that_the_code_asks_for() -> None:
    """The roles of the registration are the ones in shared/easy_auth.py."""
    from shared import easy_auth

    roles = json.loads((INFRA / "registrations/app-roles.json").read_text(encoding="utf-8"))
    assert {role["value"] for role in roles} == {
        easy_auth.ADMIN,
        easy_auth.READER,
        easy_auth.TESTER,
    }
    assert len({role["id"] for role in roles}) == len(roles)


def test_script_and_template_register_the_same_applications() -> None:
    """Names, permissions and redirect paths agree, so that either may take over from the other."""
    template = (INFRA / "registrations/app-registrations.bicep").read_text(encoding="utf-8")
    script = (INFRA / "register-apps.sh").read_text(encoding="utf-8")
    guid = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    granted = {"cac88765-0581-4025-9725-5ebc13f729ee"}  # by infra/grant-company-names.sh, by name
    assert set(re.findall(guid, template)) - granted == set(re.findall(guid, script))
    for part in (
        "external-directories-sign-in-",
        "external-directories-presence-",
        "/.auth/login/aad/callback",
    ):
        assert part in template
        assert part in script
    for path in ("/sign-in/callback", "/set-up/callback"):
        assert path in template
        assert path in script


def test_each_resource_names_the_line_that_needs_it() -> None:
    """docs/deploy.md has every resource of the templates, and a line of the product that would not work without it."""
    document = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    section = document.partition("<!-- resources -->")[2].partition("<!-- end -->")[0]
    rows = re.findall(
        r"^\| ([\w-]+) \| `(\w+)` \| [^|]+ \| `([\w./-]+)` \| `(.+)` \|$", section, re.M
    )
    declared = {
        (path.stem, name)
        for path in TEMPLATES
        for name, node in bicep.declarations(path, "resource").items()
        if " existing " not in bicep.text(node).partition("{")[0]
    }
    assert {(template, name) for template, name, _, _ in rows} == declared
    assert len(rows) == len(declared)
    for template, name, file, line in rows:
        assert line in (ROOT / file).read_text(encoding="utf-8"), (
            f"{template} {name}: {file} has no such line"
        )
