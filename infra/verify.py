"""Compile, lint and predict the templates with the real Bicep compiler.

Usage: `python infra/verify.py [--into FOLDER]`. Every template must be in the compiler's own format
and free of linter findings (bicepconfig.json), and each choice of CHOICES must build. The resources
that Azure would create for a choice are written to FOLDER/CHOICE.json (default:
`.tools/predictions`). They are the output of `bicep snapshot` with invented IDs of a subscription,
a tenant and a resource group. If the folder already has the predictions of these templates, nothing
is done.

The registrations need the Microsoft Graph extension from Microsoft's registry. If that can't be
reached, GRAPH_EXTENSION can name a local file instead: a packed extension, or the index.json of its
types (`bicep publish-extension`).

Exit status: 0 if all is well, 1 if the compiler found something, 2 if `bicep` is not on the PATH.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

INFRA = Path(__file__).resolve().parent
PREDICTIONS = INFRA.parent / ".tools/predictions"
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
REGION = "westeurope"
ENVIRONMENT = {"AZURE_ENV_NAME": "dev", "AZURE_LOCATION": REGION}
CLIENT_IDS = {
    "REGISTER_APPS": "false",
    "SIGN_IN_CLIENT_ID": "33333333-3333-3333-3333-333333333333",
    "PRESENCE_CLIENT_ID": "44444444-4444-4444-4444-444444444444",
}
# Choices for a deployment: by name, the variables that main.bicepparam reads.
CHOICES: dict[str, dict[str, str]] = {
    "default": {},
    "given-registrations": CLIENT_IDS,
    "private-network": {"PRIVATE_NETWORK": "true", "ZONE_REDUNDANT": "true", "BACKUPS": "true"},
    "custom-domain": {
        "CUSTOM_DOMAIN": "people.example.com",
        "CUSTOM_DOMAIN_THUMBPRINT": "AB" * 20,
        "GRANT_COMPANY_NAMES": "true",
    },
    "audit": {
        "STORAGE_AUDIT": "true",
        "OPEN_TELEMETRY": "true",
        "MAXIMUM_INSTANCE_COUNT": "1000",
        "LOG_DAILY_QUOTA_GB": "2",
    },
    "gcchigh": {
        "CLOUD": "gcchigh",
        "LOG_DAILY_QUOTA_GB": "-1",
        "SIGN_IN_SECRET_URI": "https://kv-people.vault.usgovcloudapi.net/secrets/sign-in",
        **CLIENT_IDS,
    },
}
_GRAPH = "microsoftgraph/v1.0"
_EXPERIMENTAL = "experimental feature"  # part of the warning that `bicep snapshot` always prints


class Compiler:
    """Runs the Bicep compiler on a copy of the templates, and collects its findings."""

    def __init__(self, infra: Path) -> None:
        self.infra = infra
        self.findings: list[str] = []

    def run(self, *words: str, **variables: str) -> bool:
        """Run `bicep` in the copy and collect its warnings and errors; return whether there were none."""
        environment = {**os.environ, **ENVIRONMENT, **variables}
        done = subprocess.run(  # noqa: S603
            ["bicep", *words],  # noqa: S607 - whichever the PATH has
            cwd=self.infra,
            env=environment,
            capture_output=True,
            text=True,
        )
        lines = (done.stdout + done.stderr).splitlines()
        found = [
            line.replace(f"{self.infra}/", "infra/")
            for line in lines
            if (" : Warning " in line or " : Error " in line or done.returncode)
            and _EXPERIMENTAL not in line
            and line.strip()
        ]
        if done.returncode and not found:
            found = [f"bicep {' '.join(words)} ended with status {done.returncode}"]
        self.findings += [line for line in found if line not in self.findings]
        return not found

    def use_local_extension(self, extension: Path) -> None:
        """Change every bicepconfig.json to use the file `extension` instead of Microsoft's registry."""
        for config in self.infra.rglob("bicepconfig.json"):
            content = json.loads(config.read_text(encoding="utf-8"))
            for name, source in content.get("extensions", {}).items():
                if _GRAPH in source:
                    packed = config.parent / "graph.tgz"
                    if extension.suffix == ".json":
                        self.run("publish-extension", str(extension), "--target", str(packed))
                    else:
                        shutil.copy(extension, packed)
                    content["extensions"][name] = f"./{packed.name}"
            config.write_text(json.dumps(content), encoding="utf-8")

    def check_format(self) -> None:
        """Add a finding for each file that `bicep format` would change."""
        for path in sorted([*self.infra.rglob("*.bicep"), *self.infra.rglob("*.bicepparam")]):
            before = path.read_bytes()
            self.run("format", str(path))
            if path.read_bytes() != before:
                self.findings.append(
                    f"{path.relative_to(self.infra.parent)}: not in the form of `bicep format`"
                )

    def predict(self, choice: str, into: Path) -> None:
        """Write the resources that the choice would create to a file in the folder `into`."""
        ids = ["--subscription-id", SUBSCRIPTION, "--tenant-id", TENANT]
        options = ["--resource-group", "rg-dev", "--location", REGION, "--mode", "overwrite"]
        predicted = self.infra / "main.snapshot.json"
        if self.run("snapshot", "main.bicepparam", *ids, *options, **CHOICES[choice]):
            predicted.replace(into / f"{choice}.json")


def digest() -> str:
    """Return a hash of the templates and of this script; predictions with an equal stored hash are current."""
    found = hashlib.sha256()
    for path in sorted(path for path in INFRA.rglob("*") if path.is_file()):
        if path.suffix in (".bicep", ".bicepparam", ".json") or path == Path(__file__).resolve():
            found.update(f"{path.relative_to(INFRA)}\0".encode() + path.read_bytes())
    return found.hexdigest()


def verify(into: Path) -> list[str]:
    """Return the compiler's findings; write the prediction of each choice to `into`.

    Return [] at once if the folder has the predictions of these templates.
    """
    into.mkdir(parents=True, exist_ok=True)
    stamp = into / "digest"
    with (into / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == digest():
            return []
        stamp.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            compiler = Compiler(Path(scratch) / "infra")
            shutil.copytree(INFRA, compiler.infra)
            compiler.check_format()
            if extension := os.environ.get("GRAPH_EXTENSION"):
                compiler.use_local_extension(Path(extension).resolve())
            compiler.run("lint", "main.bicep")
            compiler.run("build-params", "main.bicepparam", "--outfile", "main.parameters.json")
            for choice in CHOICES:
                compiler.predict(choice, into)
        if not compiler.findings:
            stamp.write_text(digest())
        return compiler.findings


def main(arguments: list[str]) -> int:
    """Run from the command line; return the exit status."""
    if arguments and (len(arguments) != 2 or arguments[0] != "--into"):
        print("usage: python infra/verify.py [--into FOLDER]", file=sys.stderr)
        return 2
    if shutil.which("bicep") is None:
        print(
            "bicep is not on the PATH: the templates were not compiled; tests/infra checks their syntax and types only."
            " To get it: az bicep install, then put ~/.azure/bin on the PATH.",
            file=sys.stderr,
        )
        return 2
    into = Path(arguments[1]).resolve() if arguments else PREDICTIONS
    findings = verify(into)
    print("\n".join(findings or [f"infra: clean; {len(CHOICES)} choices predicted in {into}"]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
