"""`make bench`: run every benchmark of docs/PERFORMANCE.md in turn."""

import subprocess
import sys

_BENCHES = (
    ("core",),
    ("imports",),
    ("coldstart",),
    ("provisioning", "--peers", "--rounds", "3"),
    ("provisioning", "--peers", "--engine", "azurite", "--people", "400"),
    ("growth",),
    ("search",),
    ("names",),
    ("names", "--people", "100000"),
    ("numbers",),
    ("typed_numbers",),
    ("drawn",),
    ("desk",),
    ("pop",),
    ("directory_list",),
    ("presence",),
    ("freshness",),
    ("neighbours",),
    ("busy",),
    ("requests_per_hour",),
)


def main() -> int:
    """Run all benchmarks; return 1 if one failed."""
    failed = 0
    for name, *arguments in _BENCHES:
        print(f"\n== python -m bench.{' '.join((name, *arguments))}", flush=True)
        failed |= subprocess.run(
            [sys.executable, "-m", f"bench.{name}", *arguments], check=False
        ).returncode
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
