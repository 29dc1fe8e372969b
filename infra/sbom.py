"""Print the software bill of materials of the deployed package (CycloneDX 1.6).

Usage: `python infra/sbom.py > sbom.json`. It lists every package of requirements.txt with the
hashes that its installation in Azure checks, and the browser script in web/static.
"""

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*(?:\\|$)")
_HTMX = re.compile(r'version:"(\d+\.\d+\.\d+)"')


def packages(lock: str = "requirements.txt") -> list[dict[str, Any]]:
    """Return one dict per package of a lock file, with name, version, marker ("" for none) and SHA-256 hashes."""
    found: list[dict[str, Any]] = []
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if match := _REQUIREMENT.match(line):
            name, version, marker = match.groups()
            found.append({"name": name, "version": version, "marker": marker or "", "hashes": []})
        found_hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
        if found_hashes:
            found[-1]["hashes"] += found_hashes
    return found


def _component(package: dict[str, Any]) -> dict[str, Any]:
    component = {
        "type": "library",
        "name": package["name"],
        "version": package["version"],
        "purl": f"pkg:pypi/{package['name']}@{package['version']}",
        # A package has one file, and so one hash, per platform.
        "properties": [{"name": "pypi:sha256", "value": value} for value in package["hashes"]],
    }
    if package["marker"]:
        component["properties"].append({"name": "pypi:marker", "value": package["marker"]})
    return component


def bill() -> dict[str, Any]:
    """Return the bill of materials as a CycloneDX JSON object."""
    components = [_component(package) for package in packages()]
    script = gzip.decompress((ROOT / "web/static/htmx.min.js.gz").read_bytes()).decode()
    if match := _HTMX.search(script):
        purl = f"pkg:npm/htmx.org@{match[1]}"
        components.append(
            {"type": "library", "name": "htmx.org", "version": match[1], "purl": purl}
        )
    project = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    version = project[1] if project else "0"
    product = {"type": "application", "name": "external-directories", "version": version}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": product},
        "components": components,
    }


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=2)
