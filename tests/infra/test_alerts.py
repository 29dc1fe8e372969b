"""Alerts query log events that exist and are documented."""

import re
from dataclasses import dataclass

import pytest

from tests.infra import bicep, kusto
from tests.infra.bicep import INFRA, ROOT

PATH = INFRA / "modules/alerts.bicep"
SOURCE = PATH.read_text(encoding="utf-8")
DOCUMENT = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert of the template, its query with the common beginning filled in."""

    name: str
    severity: str
    query: str
    window: str
    every: str
    threshold: str
    dimension: str


def _rules() -> list[Rule]:
    variables = bicep.declarations(PATH, "variable")
    queries = kusto.of_alerts()
    lists = (variables[name].children[-1] for name in ("rules", "backupRules", "traceRules"))
    found = []
    for node in (node for items in lists for node in items.named_children):
        if node.type == "object":
            given = {
                name: bicep.text(value).strip("'") for name, value in bicep.entries(node).items()
            }
            given = {
                name: given[name]
                for name in ("name", "severity", "window", "every", "threshold", "dimension")
            }
            found.append(Rule(query=queries[given["name"]], **given))
    return found


RULES = _rules()
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def _documented() -> dict[str, str]:
    section = DOCUMENT.partition("<!-- log events -->")[2].partition("<!-- end -->")[0]
    return dict(re.findall(r"^\| `([a-z.]+)` \| ([^|]+) \|", section, re.M))


def test_every_event_of_an_alert_is_documented() -> None:
    """The table in docs/deploy.md lists every event that an alert queries."""
    waited_for = {event for rule in RULES for event in kusto.events_of(rule.query)}
    assert waited_for == {
        "quarantine.near",
        "credential.ending",
        "presence.stale",
        "timer.run",
        "presence.poison",
        "credential.invalid",
        "http.error",
        "scim.error",
        "token.error",
    }
    assert waited_for <= set(_documented())


@each_rule
def test_alert_dimensions_are_dimensions_of_the_event(rule: Rule) -> None:
    """An alert can be split only by a dimension of its event."""
    for event in kusto.events_of(rule.query) if rule.dimension else ():
        assert f"`{rule.dimension}`" in _documented()[event]


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
        "credential_id",
        "days_before",
        "expires",
        "failures",
        "successes",
        "count",
        "error",
        "at",
    }
    named = {name for cell in _documented().values() for name in re.findall(r"`(\w+)`", cell)}
    assert named <= allowed


def test_every_alert_is_documented() -> None:
    """The recipient of an alert's e-mail finds it in docs/deploy.md."""
    assert len(RULES) == 11
    assert [rule.name for rule in RULES if f"| {rule.name} |" not in DOCUMENT] == []


@each_rule
def test_query_shows_what_the_alert_splits_by(rule: Rule) -> None:
    """Only a column of the result can be a dimension."""
    shown = re.split(r", ?", rule.query.rpartition("| project ")[2])
    assert not rule.dimension or rule.dimension in shown


@each_rule
def test_documentation_has_severity_and_rhythm(rule: Rule) -> None:
    """docs/deploy.md has each alert's severity and frequency."""
    every = rule.every.removeprefix("PT").replace("M", " min").replace("H", " h")
    assert f"| {rule.name} | {rule.severity} | {every} |" in DOCUMENT


@each_rule
def test_one_row_is_enough(rule: Rule) -> None:
    """An event is logged when something is wrong; single 5xx answers happen, so their query counts them itself."""
    assert rule.threshold == "0"
    if rule.name == "Server errors":
        window = rule.window.removeprefix("PT").removesuffix("M")
        (limit,) = re.findall(r"errors > (\d+)", rule.query)
        assert f"more than {limit} answers with 5xx in {window} min" in DOCUMENT


def _rule(name: str) -> Rule:
    (rule,) = [rule for rule in RULES if rule.name == name]
    return rule


def test_server_errors_are_those_of_the_app() -> None:
    """Not SCIM's 501 for `/Me` (RFC 7644 section 3.11), nor a body above the host's limit:
    strangers can cause both.

    Requests are sampled, so the requests that a row represents are counted; our own lines, which
    aren't, count too.
    """
    query = _rule("Server errors").query
    assert 'ResultCode != "501"' in query
    assert "join kind=leftanti (AppExceptions" in query
    assert '"Request body too large"' in query
    assert "sum(ItemCount)" in query
    assert kusto.events_of(query) == {"http.error", "scim.error", "token.error"}


def test_a_reached_quota_is_distinguished_from_a_silent_timer() -> None:
    """If the workspace accepts no data, the alert *Log quota reached* fires and *Timer silent*
    doesn't.
    """
    assert '"OverQuota"' in _rule("Log quota reached").query
    silent = _rule("Timer silent").query
    assert "let capped = toscalar(union isfuzzy=true _LogOperation" in silent
    # Not muted for longer than until the reset hour and the time that the timer may be silent: a quota that was reached once
    # must not hide a dead app for a day.
    assert "let begun = reset + bin(now() - reset, 1d)" in silent
    assert "isnotnull(begun) and capped < begun and begun < now() - allowed" in silent
    assert "quotaNextResetTime" in (INFRA / "modules/monitoring.bicep").read_text(encoding="utf-8")


def test_silence_is_noticed_of_every_timer() -> None:
    """The names are those that the timers log; each may be silent for less than the query looks back."""
    rule = _rule("Timer silent")
    sources = [
        path for folder in ("directories", "presence") for path in (ROOT / folder).rglob("*.py")
    ]
    logged = {
        name
        for path in sources
        for name in re.findall(r'"timer\.run", timer="(\w+)"', path.read_text(encoding="utf-8"))
    }
    allowed = dict(re.findall(r'"(\w+)", time\((\d+)m\)', rule.query))
    assert set(allowed) == logged
    assert rule.window == "PT6H"
    assert max(map(int, allowed.values())) < 6 * 60
    assert f"`presence_timer` is silent for {allowed['presence_timer']} min" in DOCUMENT
