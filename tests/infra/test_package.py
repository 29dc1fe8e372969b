"""The deployed package contains the tested code with pinned dependencies."""

import ast
import re
import subprocess
import sys
import zipfile
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from infra import sbom
from tests.infra.bicep import INFRA, ROOT

PACKAGES = {"scim", "presence", "directories", "contacts", "web", "shared"}
FILES = {"function_app.py", "host.json", "requirements.txt"}
ENDINGS = {
    ".py",
    ".html",
    ".css",
    ".js",
    ".js.gz",
    ".svg",
    ".json",
    ".woff2",
    ".png",
    ".ico",
    ".txt",
    ".webmanifest",
    ".jinja",
}


@cache
def _listing() -> tuple[str, ...]:
    done = subprocess.run(
        [INFRA / "package.sh"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return tuple(done.stdout.splitlines())


def test_package_holds_the_app_and_nothing_else() -> None:
    """`.funcignore` leaves out tests, documents, tools and infrastructure templates."""
    files = _listing()[:-1]
    assert files
    strangers = [
        name for name in files if name not in FILES and name.partition("/")[0] not in PACKAGES
    ]
    assert strangers == []
    assert [name for name in files if not name.endswith(tuple(ENDINGS))] == []


def _left_out_by_func() -> re.Pattern[str]:
    """Return a pattern for the paths that func leaves out: each line of the ignore file is matched from
    the root, `*` within a folder, `**` across folders.

    (Azure/azure-functions-core-tools: GitIgnoreParser.cs)
    """
    lines = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    patterns = [
        re.escape(line.removeprefix("/")) for line in lines if line and not line.startswith("#")
    ]
    alternatives = [each.replace(r"\*\*", "(.+)").replace(r"\*", "([^/]+)") for each in patterns]
    return re.compile(f"(({')|('.join(alternatives)}))\\b", re.ASCII)


def test_func_and_azd_upload_the_same_files() -> None:
    """func and azd parse the ignore file differently, and leave out the same files."""
    left_out = _left_out_by_func()
    known = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split("\n")
    assert {name for name in known if name and not left_out.match(name)} == set(_listing()[:-1])
    made = (
        ".venv/bin/python",
        "data/directory.db",
        "local.settings.json",
        "shared/__pycache__/ids.pyc",
        ".tools/a/b.js",
    )
    assert [name for name in made if not left_out.match(name)] == []


def test_package_is_small() -> None:
    """The compressed package is below 2 MB without the packages of PyPI, because each new instance
    downloads it.
    """
    summary = _listing()[-1]
    compressed = int(summary.partition(" bytes, ")[2].partition(" bytes")[0])
    assert 0 < compressed < 2_000_000


def _requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    stated = [line.partition(" --hash")[0] for line in lines if line and not line.startswith("#")]
    return [Requirement(line) for line in stated]


each_lock = pytest.mark.parametrize("lock", ["requirements", "requirements-local"])


@each_lock
def test_every_package_of_a_lock_file_has_a_hash(lock: str) -> None:
    """Every line of a lock file has a hash, so pip refuses packages without one (pip's hash-checking mode).

    The nightly backup installs both files, and reads the data of all directories.
    """
    packages = sbom.packages(f"{lock}.txt")
    assert len(packages) == len(_requirements(f"{lock}.txt"))
    assert [package["name"] for package in packages if not package["hashes"]] == []


@each_lock
def test_a_lock_file_has_every_requirement_and_dependency(lock: str) -> None:
    """A lock file has the pins of its .in file and all their dependencies on this Python, so `make lock`
    was run after the last change.
    """
    locked = {each.name.lower(): each for each in _requirements(f"{lock}.txt") if _applies(each)}
    for each in filter(_applies, _requirements(f"{lock}.in")):
        assert locked[each.name.lower()].specifier == each.specifier, each.name
    assert {name.replace("_", "-") for name in _needed(f"{lock}.in")} <= set(locked)


def test_the_lock_files_are_installed_with_their_hashes() -> None:
    """Every target of the Makefile that installs a lock file passes `--require-hashes`."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    installing = [line for line in lines if re.search(r"-r requirements(-local)?\.txt", line)]
    assert len(installing) == 3
    assert [line for line in installing if "--require-hashes" not in line] == []


@pytest.mark.parametrize(
    ("package", "module"),
    [
        ("azure-functions", "azure.functions"),
        ("azure-data-tables", "azure.data.tables"),
        ("msal", "msal"),
        ("pydantic", "pydantic"),
        ("phonenumbers", "phonenumbers"),
    ],
)
def test_an_agreed_package_is_deployed_and_used(package: str, module: str) -> None:
    """Each of the five packages that the product's owner chose is required, locked, and imported by
    deployed code.
    """
    assert package in {each.name for each in _requirements("requirements.in")}
    assert package in {each.name for each in _requirements("requirements.txt")}
    deployed = [ROOT / name for name in _listing()[:-1] if name.endswith(".py")]
    pattern = re.compile(rf"^\s*(import|from) {re.escape(module)}\b", re.MULTILINE)
    assert any(pattern.search(path.read_text(encoding="utf-8")) for path in deployed)


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _needed(source: str) -> set[str]:
    """Return the names of the packages that a requirements file lists, and of their dependencies as
    installed here.
    """
    waiting = [each for each in _requirements(source) if _applies(each)]
    names: set[str] = set()
    while waiting:
        name = waiting.pop().name.lower()
        if name not in names:
            names.add(name)
            required = [Requirement(each) for each in distribution(name).requires or ()]
            waiting += [each for each in required if _applies(each)]
    return names


def test_lock_files_name_no_registry() -> None:
    """A lock file contains no registry address, because the installer chooses the registry."""
    locks = [*ROOT.glob("requirements*.txt"), *ROOT.glob("tests/*/package-lock.json")]
    assert len(locks) >= 6
    assert [
        lock for lock in locks if re.search(r'"resolved"|--(extra-)?index-url', lock.read_text())
    ] == []


def test_the_bill_of_materials_lists_what_is_deployed() -> None:
    """The CycloneDX file has a package URL for each package of the lock file and for the third-party
    script in web/static.
    """
    bill = sbom.bill()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    urls = {component["purl"] for component in bill["components"]}
    assert len(urls) == len(bill["components"]) == len(sbom.packages()) + 1
    assert any(url.startswith("pkg:npm/htmx.org@") for url in urls)


def test_the_same_commit_gives_the_same_package(tmp_path: Path) -> None:
    """Two builds of one commit are equal byte for byte, so that a third person can verify the attestation."""
    archives = []
    for name in ("a.zip", "b.zip"):
        subprocess.run([INFRA / "package.sh", tmp_path / name], check=True, capture_output=True)
        archives.append((tmp_path / name).read_bytes())
    assert archives[0] == archives[1]
    with zipfile.ZipFile(tmp_path / "a.zip") as package:
        assert sorted(package.namelist()) == sorted(_listing()[:-1])
        assert package.read("host.json") == (ROOT / "host.json").read_bytes()


def test_every_requirement_is_pinned() -> None:
    """Every requirement has an exact version, so that a later build equals the tested one; Azure's engine is
    installed from Python 3.13 on, for which it exists.
    """
    wanted = _requirements("requirements.in")
    assert [
        each.name for each in wanted if not re.fullmatch(r"==[\w.]+", str(each.specifier))
    ] == []
    (engine,) = [each for each in wanted if each.name == "azure-functions-runtime"]
    assert str(engine.marker) == 'python_version >= "3.13"'


def test_azd_deploys_the_root_into_the_tagged_app() -> None:
    """azure.yaml deploys the root of the repository to the service that the app's tag `azd-service-name`
    names.
    """
    project = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))
    assert project["infra"] == {"provider": "bicep", "path": INFRA.name, "module": "main"}
    assert project["services"] == {"app": {"project": ".", "language": "py", "host": "function"}}
    assert "'azd-service-name': 'app'" in (INFRA / "modules/function-app.bicep").read_text(
        encoding="utf-8"
    )


def _installed() -> set[str]:
    """Return the paths of the files that requirements.in and its dependencies install on this Python."""
    waiting = _requirements("requirements.in")
    seen: set[str] = set()
    files: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        if wanted.name.lower() in seen or (
            wanted.marker and not wanted.marker.evaluate({"extra": ""})
        ):
            continue
        seen.add(wanted.name.lower())
        try:
            found = distribution(wanted.name)
        except PackageNotFoundError:
            continue
        files |= {str(path) for path in found.files or ()}
        waiting += [Requirement(each) for each in found.requires or ()]
    return files


def _imports(path: Path) -> set[str]:
    """Return the modules that a file imports, at its top or within functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_everything_that_the_app_imports_is_installed_with_it() -> None:
    """Deployed code imports only packages of requirements.txt, also within functions, because the tests'
    packages don't exist in Azure.
    """
    installed = _installed()
    files = [ROOT / name for name in _listing()[:-1] if name.endswith(".py")]
    modules = {module for path in files for module in _imports(path)}
    others = {
        name for name in modules if name.partition(".")[0] not in PACKAGES | sys.stdlib_module_names
    }
    assert {
        "azure.functions",
        "azure.core.pipeline.transport",
        "jinja2",
        "opentelemetry.sdk.trace",
    } <= others
    folders = {f"{parent}" for path in map(Path, installed) for parent in path.parents}
    missing = [
        name
        for name in others
        if (path := name.replace(".", "/")) not in folders and f"{path}.py" not in installed
    ]
    assert missing == []
