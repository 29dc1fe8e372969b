"""Alerts read log lines that exist and are documented."""

import re
from dataclasses import dataclass

import pytest

from tests.infra import bicep
from tests.infra.bicep import INFRA, ROOT

PATH = INFRA / "modules/alerts.bicep"
SOURCE = PATH.read_text(encoding="utf-8")
DOCUMENT = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
# What a query may say besides what it names itself (learn.microsoft.com: tables AppTraces and AppRequests; KQL).
COLUMNS = {
    "AppTraces": {"TimeGenerated", "Message"},
    "AppRequests": {"TimeGenerated", "Name", "ResultCode"},
}
WORDS = set(
    "let where extend project summarize by datatable join kind leftouter on or and between isnull max now time timespan"
    " string tostring toint parse_json".split()
)


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
    events = bicep.values(variables["events"])[""].strip("'")
    found = []
    for node in variables["rules"].children[-1].named_children:
        if node.type == "object":
            given = {
                name: bicep.text(value).strip("'") for name, value in bicep.entries(node).items()
            }
            query = given["query"].replace("${events}", events)
            given = {
                name: given[name]
                for name in ("name", "severity", "window", "every", "threshold", "dimension")
            }
            found.append(Rule(query=query, **given))
    return found


RULES = _rules()
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def _documented() -> dict[str, str]:
    section = DOCUMENT.partition("<!-- log events -->")[2].partition("<!-- end -->")[0]
    return dict(re.findall(r"^\| `([a-z.]+)` \| ([^|]+) \|", section, re.M))


def test_every_event_of_an_alert_is_documented() -> None:
    """An alert waits for an event of the table in docs/deploy.md."""
    waited_for = set(re.findall(r'event == "([a-z.]+)"', SOURCE))
    assert waited_for == {
        "quarantine.near",
        "presence.stale",
        "timer.run",
        "presence.poison",
        "credential.invalid",
    }
    assert waited_for <= set(_documented())


def test_alert_dimensions_are_dimensions_of_the_event() -> None:
    """An alert splits by a dimension that its event carries."""
    rules = re.findall(r'event == "([a-z.]+)"[^\n]*\n.*\n.*\n.*\n    dimension: \'(\w*)\'', SOURCE)
    assert len(rules) == 5
    assert all(
        not dimension or f"`{dimension}`" in _documented()[event] for event, dimension in rules
    )


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


@each_rule
def test_query_names_only_what_there_is(rule: Rule) -> None:
    """Tables, their columns, dimensions of the event, and what the query itself defines: nobody notices an alert that
    cannot fire, because validation at deployment is off.
    """
    tables = set(re.findall(r"\bApp\w+", rule.query))
    assert tables
    assert tables <= set(COLUMNS)
    dimensions = {f"`{name}`" for name in re.findall(r"\bline\.(\w+)", rule.query)} - {"`event`"}
    documented = " ".join(_documented().values())
    assert [name for name in dimensions if name not in documented] == []
    said = re.sub(r'"[^"]*"|\bline\.\w+|\b\d+\w*', "", rule.query)
    defined = set(re.findall(r"(\w+) =(?!=)", said)) | set(re.findall(r"(\w+): ", said))
    known = WORDS | set(COLUMNS).union(*(COLUMNS[table] for table in tables)) | defined
    assert set(re.findall(r"[A-Za-z_]\w*", said)) - known == set()
    assert re.findall(r"(\w+) = tostring\(line\.(\w+)\)", rule.query) == [
        (name, name) for name in re.findall(r"tostring\(line\.(\w+)\)", rule.query)
    ]


@each_rule
def test_query_shows_what_the_alert_splits_by(rule: Rule) -> None:
    """Only a column of the result can be a dimension."""
    shown = re.split(r", ?", rule.query.rpartition("| project ")[2])
    assert not rule.dimension or rule.dimension in shown


@each_rule
def test_documentation_has_severity_and_rhythm(rule: Rule) -> None:
    """docs/deploy.md says how urgent an alert is and how soon it comes."""
    minutes = rule.every.removeprefix("PT").removesuffix("M")
    assert f"| {rule.name} | {rule.severity} | {minutes} min |" in DOCUMENT


@each_rule
def test_one_line_is_enough_but_for_server_errors(rule: Rule) -> None:
    """An event is logged when something is wrong; single 5xx answers happen."""
    if rule.name == "Server errors":
        window = rule.window.removeprefix("PT").removesuffix("M")
        assert f"more than {rule.threshold} answers with 5xx in {window} min" in DOCUMENT
    else:
        assert rule.threshold == "0"


def test_what_scim_requires_is_no_server_error() -> None:
    """RFC 7644 section 3.11: `/Me` answers 501 where it is not supported, which is no fault of the app."""
    (rule,) = [rule for rule in RULES if rule.name == "Server errors"]
    assert 'ResultCode != "501"' in rule.query


def test_silence_is_noticed_of_every_timer() -> None:
    """The names are those that the timers log; each may be silent for less than the query looks back."""
    (rule,) = [rule for rule in RULES if rule.name == "Timer silent"]
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
