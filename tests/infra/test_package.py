"""What is deployed is what runs."""

import subprocess

import yaml

from tests.infra.bicep import INFRA, ROOT

PACKAGES = {"scim", "presence", "directories", "contacts", "web", "shared"}
FILES = {"function_app.py", "host.json", "requirements.txt"}
ENDINGS = {".py", ".html", ".css", ".js", ".svg", ".json", ".woff2", ".png", ".ico", ".txt", ".webmanifest", ".jinja"}


def _listing() -> list[str]:
    done = subprocess.run([INFRA / "package.sh"], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.splitlines()


def test_package_holds_the_app_and_nothing_else() -> None:
    """Tests, documents, tools and templates stay behind (.funcignore)."""
    files = _listing()[:-1]
    assert files
    strangers = [name for name in files if name not in FILES and name.partition("/")[0] not in PACKAGES]
    assert strangers == []
    assert [name for name in files if not name.endswith(tuple(ENDINGS))] == []


def test_package_is_small() -> None:
    """Under 2 MB compressed without the packages of PyPI: each new instance downloads it."""
    summary = _listing()[-1]
    compressed = int(summary.partition(" bytes, ")[2].partition(" bytes")[0])
    assert 0 < compressed < 2_000_000


def test_azd_deploys_the_root_into_the_tagged_app() -> None:
    """The service of azure.yaml is the one that the app's tag names."""
    project = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))
    assert project["services"] == {"app": {"project": ".", "language": "py", "host": "function"}}
    assert "'azd-service-name': 'app'" in (INFRA / "modules/function-app.bicep").read_text(encoding="utf-8")
