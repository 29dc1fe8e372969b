"""Parses the queries of the templates and documents with Kusto's own parser."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from functools import cache

from tests.infra import bicep
from tests.infra.bicep import INFRA, ROOT

TOOL = ROOT / "tests/kusto"
LIBRARY = ROOT / ".tools/kusto/node_modules/@kusto/language-service-next"
TABLES: dict[str, dict[str, str]] = json.loads((TOOL / "tables.json").read_text(encoding="utf-8"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Values that the platform fills in when it deploys the alerts.
RESET_TIME = "Thu, 18 Jun 2026 05:00:00 GMT"
ALERTS = INFRA / "modules/alerts.bicep"


def faults(queries: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the errors that the parser finds, by the name of the query; an empty list if there are none."""
    columns = {name: table["columns"] for name, table in TABLES.items()}
    request = json.dumps({"tables": columns, "queries": dict(queries)})
    path = f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["node", str(TOOL / "parse.js"), str(LIBRARY)],
        input=request,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path},
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def of_alerts() -> dict[str, str]:
    """Return the query of each alert rule by the rule's name, with the template's variables filled in."""
    variables = bicep.declarations(ALERTS, "variable")
    texts = {
        name: bicep.values(node)[""].strip("'")
        for name, node in variables.items()
        if node.children[-1].type == "string"
    }
    queries = {}
    lists = (variables[name].children[-1] for name in ("rules", "backupRules", "traceRules"))
    for node in (node for items in lists for node in items.named_children):
        if node.type == "object":
            given = bicep.entries(node)
            query = bicep.text(given["query"]).strip("'")
            for name, text in texts.items():
                query = query.replace(f"${{{name}}}", text)
            queries[bicep.text(given["name"]).strip("'")] = query.replace("RESET_TIME", RESET_TIME)
    return queries


def in_documents() -> dict[str, str]:
    """Return the queries of the documents: each part of a `kusto` fence, and each line of code that names a table.

    In a fence, a comment line begins a query, and the fence's `let` statements precede every query.
    """
    queries: dict[str, str] = {}
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for fence in re.findall(r"```kusto\n(.*?)```", text, re.S):
            lets = "\n".join(line for line in fence.splitlines() if line.startswith("let "))
            rest = "\n".join(line for line in fence.splitlines() if not line.startswith("let "))
            for part in re.split(r"^//.*$", rest, flags=re.M):
                if part.strip():
                    queries[f"{path.name}: {part.strip().splitlines()[0]}"] = f"{lets}\n{part}"
        tables = "|".join(TABLES)
        for line in re.findall(rf"`((?:{tables})\s*\|[^`]+)`", text.replace("\\|", "|")):
            queries[f"{path.name}: {line}"] = line
    return queries


@cache
def every() -> dict[str, str]:
    """Return all queries of templates and documents, by a name that tells the file and the position."""
    return {f"alert {name}": query for name, query in of_alerts().items()} | in_documents()


def events_of(query: str) -> set[str]:
    """Return the events of the app's own log lines by which a query filters."""
    named = set(re.findall(r'event\)? == "([a-z_.]+)"', query))
    for group in re.findall(r"event in \(([^)]*)\)", query):
        named |= set(re.findall(r'"([a-z_.]+)"', group))
    return named


def fields_of(query: str) -> dict[str, str]:
    """Return the fields of a log line that a query uses, each with the conversion applied to it (`toint`, ...).

    A field that `extend` names but that nothing uses afterwards is left out.
    """
    named = re.findall(r"(\w+) = (to\w+)\(line\.(\w+)\)", query)
    given = {name: (function, field) for name, function, field in named if name != "event"}
    rest = re.sub(r"\w+ = to\w+\(line\.\w+\)", "", query)
    used = {
        field: function
        for name, (function, field) in given.items()
        if re.search(rf"\b{name}\b", re.sub(r'"[^"]*"', "", rest))
    }
    direct = re.findall(r'(?:(to\w+)\()?line(?:\.(\w+)|\["(\w+)"\])', rest)
    return used | {
        dotted or quoted: function or "tostring"
        for function, dotted, quoted in direct
        if (dotted or quoted) != "event"
    }
