"""The Bicep templates are consistent, as far as their syntax trees show without a compiler."""

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
def test_a_template_parses(path: Path) -> None:
    """The template has no syntax error (tree-sitter-bicep)."""
    assert bicep.errors(bicep.tree(path)) == []


@each_template
def test_uses_every_parameter_and_variable(path: Path) -> None:
    """Each declared parameter and variable is used (linter rules no-unused-params and no-unused-vars)."""
    root = bicep.tree(path)
    for kind in ("parameter", "variable"):
        for name in bicep.declarations(path, kind):
            uses = [n for n in bicep.walk(root) if n.type == "identifier" and bicep.text(n) == name]
            assert len(uses) > 1, f"{name} is never used"


@each_template
def test_describes_every_parameter_and_output(path: Path) -> None:
    """Each parameter and output has a description for the person who deploys."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"(param|output) ", line):
            above = number - 1
            while lines[above].startswith("@") and not lines[above].startswith("@description("):
                above -= 1
            assert lines[above].startswith("@description("), line


@each_template
def test_says_why_each_resource_and_module_exists(path: Path) -> None:
    """The comment above each resource and module begins with `// Why: `."""
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
    """A template passes a module every parameter that has no default, and none that the module lacks."""
    assert call.module.exists()
    assert call.given <= set(bicep.declarations(call.module, "parameter"))
    assert bicep.required(call.module) <= call.given


def test_uses_every_template() -> None:
    """main.bicep uses every other template."""
    assert {call.module for call in bicep.calls(MAIN)} | {MAIN} == set(TEMPLATES)


def test_reads_only_outputs_that_a_module_has() -> None:
    """Each `module.outputs.name` names an output that the module declares."""
    paths = {
        name: call.module
        for name, call in zip(bicep.declarations(MAIN, "module"), bicep.calls(MAIN), strict=True)
    }
    for module, output in re.findall(r"(\w+)!?\.outputs\.(\w+)", MAIN.read_text(encoding="utf-8")):
        assert output in bicep.declarations(paths[module], "output"), f"{module}.outputs.{output}"


def test_parameter_file_sets_exactly_the_parameters() -> None:
    """main.bicepparam sets every parameter of main.bicep from an azd variable, and no other."""
    assert set(re.findall(r"^param (\w+) = ", PARAMETERS, re.M)) == set(
        bicep.declarations(MAIN, "parameter")
    )


def test_parameter_file_values_parse() -> None:
    """Each value of the parameter file is a Bicep expression."""
    values = re.sub(r"^param ", "var ", PARAMETERS.partition("\n")[2], flags=re.M)
    assert bicep.errors(bicep.parse(values)) == []


def test_parameter_file_has_the_template_s_defaults() -> None:
    """Without azd variables, the parameter file gives the defaults of the template."""
    source = MAIN.read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^param (\w+) \S+ = (.+)$", source, re.M))
    for name, default in re.findall(
        r"^param (\w+) = .*readEnvironmentVariable\('\w+', '([^']*)'\)", PARAMETERS, re.M
    ):
        if name != "environmentName":
            assert defaults[name].strip("'") == default, name


def test_holds_no_secret() -> None:
    """No template lists keys or has a secure parameter, because managed identities replace all secrets."""
    for path in TEMPLATES:
        source = path.read_text(encoding="utf-8")
        assert not re.search(
            r"listKeys|listAccountSas|@secure\(\)|AccountKey=|sharedAccess", source
        ), path


def test_creates_the_tables_and_queues_of_the_product() -> None:
    """The template creates every table and queue of the code, so that the app's identity needs no right to
    create any.
    """
    from presence.constants import POISON, QUEUE
    from shared.tables.schema.base import TABLES

    variables = bicep.declarations(INFRA / "modules/storage.bicep", "variable")
    created = {
        name: re.findall(r"'([^']+)'", bicep.text(variables[name])) for name in ("tables", "queues")
    }
    assert created == {"tables": list(TABLES), "queues": [QUEUE, POISON]}


def test_app_roles_are_those_that_the_code_asks_for() -> None:
    """The sign-in registration has the roles of shared/easy_auth.py."""
    from shared import easy_auth

    roles = json.loads((INFRA / "registrations/app-roles.json").read_text(encoding="utf-8"))
    assert {role["value"] for role in roles} == {
        easy_auth.ADMIN,
        easy_auth.READER,
        easy_auth.TESTER,
    }
    assert len({role["id"] for role in roles}) == len(roles)


def test_script_and_template_register_the_same_applications() -> None:
    """infra/register-apps.sh and the template use the same names, permissions and redirect paths, so that
    either can update the registrations of the other.
    """
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
    """docs/deploy.md lists every resource of the templates, with a line of the product that needs it."""
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
