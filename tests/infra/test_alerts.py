"""Alerts query log events that the code writes and that docs/deploy.md describes."""

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
    """An alert rule of the template, with the template's variables filled into its query."""

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
    """An alert is split by a dimension that docs/deploy.md lists for each event of its query."""
    for event in kusto.events_of(rule.query) if rule.dimension else ():
        assert f"`{rule.dimension}`" in _documented()[event]


def test_events_carry_no_personal_data() -> None:
    """The documented dimensions are IDs, counts, times and reasons only (the rule of shared/log.py)."""
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
    """docs/deploy.md has a row for each alert, so that the recipient of its e-mail finds the explanation."""
    assert len(RULES) == 11
    assert [rule.name for rule in RULES if f"| {rule.name} |" not in DOCUMENT] == []


@each_rule
def test_the_query_returns_the_dimension_of_the_alert(rule: Rule) -> None:
    """A rule's dimension is a column of its query's result, because Azure Monitor splits by columns only."""
    shown = re.split(r", ?", rule.query.rpartition("| project ")[2])
    assert not rule.dimension or rule.dimension in shown


@each_rule
def test_documentation_has_severity_and_frequency(rule: Rule) -> None:
    """The row of an alert in docs/deploy.md has the rule's severity and evaluation frequency."""
    every = rule.every.removeprefix("PT").replace("M", " min").replace("H", " h")
    assert f"| {rule.name} | {rule.severity} | {every} |" in DOCUMENT


@each_rule
def test_one_row_fires_an_alert(rule: Rule) -> None:
    """Every rule fires at its first row, because an event is logged only when something is wrong.

    Single responses with 5xx are normal, so the query *Server errors* has its own limit, which
    docs/deploy.md states.
    """
    assert rule.threshold == "0"
    if rule.name == "Server errors":
        window = rule.window.removeprefix("PT").removesuffix("M")
        (limit,) = re.findall(r"errors > (\d+)", rule.query)
        assert f"more than {limit} answers with 5xx in {window} min" in DOCUMENT


def _rule(name: str) -> Rule:
    (rule,) = [rule for rule in RULES if rule.name == name]
    return rule


def test_server_errors_exclude_those_that_strangers_can_cause() -> None:
    """The alert *Server errors* excludes what an unauthenticated client can cause: SCIM's 501 for `/Me`
    (RFC 7644 section 3.11), and a body above the host's limit.

    It counts requests by ItemCount, because the host samples them, and adds the app's own error lines,
    which aren't sampled.
    """
    query = _rule("Server errors").query
    assert 'ResultCode != "501"' in query
    assert "join kind=leftanti (AppExceptions" in query
    assert '"Request body too large"' in query
    assert "sum(ItemCount)" in query
    assert kusto.events_of(query) == {"http.error", "scim.error", "token.error"}


def test_a_reached_quota_is_distinguished_from_a_silent_timer() -> None:
    """If the workspace accepts no data because of its quota, the alert *Log quota reached* fires and
    *Timer silent* doesn't.
    """
    assert '"OverQuota"' in _rule("Log quota reached").query
    silent = _rule("Timer silent").query
    assert "let capped = toscalar(union isfuzzy=true _LogOperation" in silent
    # Not muted for longer than until the reset hour and the time that the timer may be silent: a quota that was reached once
    # must not hide a dead app for a day.
    assert "let begun = reset + bin(now() - reset, 1d)" in silent
    assert "isnotnull(begun) and capped < begun and begun < now() - allowed" in silent
    assert "quotaNextResetTime" in (INFRA / "modules/monitoring.bicep").read_text(encoding="utf-8")


def test_every_timer_has_an_allowed_silence() -> None:
    """*Timer silent* covers every timer that logs `timer.run`, and queries a longer period than the
    allowed silence of each.
    """
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
