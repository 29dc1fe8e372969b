"""Alerts read log lines that exist and are documented."""

import re

from tests.infra.bicep import INFRA, ROOT

SOURCE = (INFRA / "modules/alerts.bicep").read_text(encoding="utf-8")
DOCUMENT = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")


def _documented() -> dict[str, str]:
    section = DOCUMENT.partition("<!-- log events -->")[2].partition("<!-- end -->")[0]
    return dict(re.findall(r"^\| `([a-z.]+)` \| ([^|]+) \|", section, re.M))


def test_every_event_of_an_alert_is_documented() -> None:
    """An alert waits for an event of the table in docs/deploy.md."""
    waited_for = set(re.findall(r'event == "([a-z.]+)"', SOURCE))
    assert waited_for == {"quarantine.near", "presence.stale", "timer.run", "presence.poison", "credential.invalid"}
    assert waited_for <= set(_documented())


def test_alert_dimensions_are_dimensions_of_the_event() -> None:
    """An alert splits by a dimension that its event carries."""
    rules = re.findall(r'event == "([a-z.]+)"[^\n]*\n.*\n.*\n.*\n    dimension: \'(\w*)\'', SOURCE)
    assert len(rules) == 5
    assert all(not dimension or f"`{dimension}`" in _documented()[event] for event, dimension in rules)


def test_events_carry_no_personal_data() -> None:
    """Dimensions are ids, counts and reasons (shared/log.py)."""
    allowed = {
        "directory_id",
        "tenant_id",
        "timer",
        "reason",
        "status",
        "seconds",
        "age_seconds",
        "outlook",
        "failures",
        "successes",
        "count",
    }
    named = {name for cell in _documented().values() for name in re.findall(r"`(\w+)`", cell)}
    assert named <= allowed


def test_every_alert_is_documented() -> None:
    """Whoever gets the mail finds it in docs/deploy.md."""
    names = re.findall(r"^  \{\n    name: '(.+)'$", SOURCE, re.M)
    assert len(names) == 6
    assert [name for name in names if f"| {name} |" not in DOCUMENT] == []
