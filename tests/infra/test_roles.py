"""The deployment assigns the least roles that the code needs, exactly those of docs/deploy.md."""

import re

from tests.infra import bicep
from tests.infra.bicep import INFRA, ROOT, TEMPLATES

ROLES = INFRA / "modules/roles.bicep"
# learn.microsoft.com/azure/role-based-access-control/built-in-roles
BUILT_IN = {
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}


def _assigned() -> set[tuple[str, str]]:
    """Return the role names and scopes that the template assigns."""
    names = {
        name: bicep.text(node.named_children[1])
        for name, node in bicep.declarations(ROLES, "variable").items()
        if node.children[-1].type == "string"
    }
    comments = dict(
        re.findall(r"^var (\w+) = '[0-9a-f-]+' // (.+)$", ROLES.read_text(encoding="utf-8"), re.M)
    )
    assert set(comments) == set(names)
    found = set()
    for node in bicep.declarations(ROLES, "resource").values():
        body = bicep.entries(bicep.first_object(node))
        if "principalId" in bicep.keys(node):
            used = bicep.identifiers(body["properties"]) & set(names)
            assert len(used) == 1
            found.add((comments[used.pop()], bicep.text(body["scope"])))
    return found


def _documented() -> set[tuple[str, str]]:
    document = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    section = document.partition("<!-- roles of the app's identity -->")[2].partition(
        "<!-- end -->"
    )[0]
    rows = re.findall(r"^\| the app \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", section, re.M)
    return {(role.strip(), scope.strip()) for role, scope in rows}


def test_roles_are_those_of_the_documentation() -> None:
    """docs/deploy.md names every role assignment, and no other."""
    scopes = {
        "storage": "storage account of the data",
        "packageStorage::blobs::container": "container `app-package`",
        "insights": "Application Insights",
        "traceInsights": "Application Insights of traces (only with `OPEN_TELEMETRY`)",
    }
    assert {(role, scopes[scope]) for role, scope in _assigned()} == _documented()


def test_role_ids_belong_to_the_named_roles() -> None:
    """Each role ID belongs to the role that its comment names, because Azure assigns by the ID."""
    named = re.findall(
        r"^var \w+ = '([0-9a-f-]+)' // (.+)$", ROLES.read_text(encoding="utf-8"), re.M
    )
    assert {role: id for id, role in named} == BUILT_IN


def test_roles_are_assigned_in_one_place() -> None:
    """Only one template has role assignments."""
    others = [
        path
        for path in TEMPLATES
        if path != ROLES and "roleAssignments" in path.read_text(encoding="utf-8")
    ]
    assert others == []


def test_no_role_can_give_rights_away_or_read_keys() -> None:
    """Only data-plane roles are assigned: no Owner, no Contributor, and no role that can list account
    keys.
    """
    assert all("Data" in role or role == "Monitoring Metrics Publisher" for role, _ in _assigned())


def test_every_assignment_has_its_principal_type() -> None:
    """Each assignment has `principalType`, so that Azure doesn't look up a new identity, which replicates
    slowly.
    """
    source = ROLES.read_text(encoding="utf-8")
    assert source.count("principalType: 'ServicePrincipal'") == len(_assigned())
