"""The small deployment of `b9f7b71.sql`, written by the first release into a SQLite file, and
searches that find it.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import orjson

SOURCE = Path(__file__).parent / "b9f7b71.sql"
ACCOUNT = "00000000-0000-4000-8000-000000000001"
DIRECTORIES = ("contoso", "fabrikam")
TOKEN = "token-of-contoso-for-tests-only"
ANNA, SEAN, LAYLA, ZOE, FORMER, UNREAD, NAMELESS, LUKASZ = (
    "anna.mueller@contoso.example",
    "sean@contoso.example",
    "l.alhassan@contoso.example",
    "zoe@contoso.example",
    "former@contoso.example",
    "unread@contoso.example",
    "only-name@contoso.example",
    "Łukasz@contoso.example",
)
# SCIM filters and the user names that they find in directory contoso.
FILTERS = {
    'userName eq "ANNA.mueller@contoso.example"': {ANNA},
    'externalId eq "00000000-0000-4000-8000-000000000001"': {SEAN},
    'emails.value eq "a.m@contoso.example"': {ANNA},
    'phoneNumbers.value eq "+49 30 901820"': {ANNA},
    'phoneNumbers.value eq "+49 30 901899"': {FORMER},
    'userName eq "łukasz@contoso.example"': {LUKASZ},
}
# Texts that agents type and the user names that they find; a caller's number likewise.
SEARCHES = {
    "muller": {ANNA},
    "mueller": {ANNA},
    "anna mueller": {ANNA},
    "anna.mueller@con": {ANNA},
    "al hassan": {LAYLA},
    "hassan layla al": {LAYLA},
    "o brien": {SEAN},
    "obrien": {SEAN},
    "hassan": {LAYLA},
    "strasse": {ZOE},
    "vertrieb": {ZOE},
    "zolc": {LUKASZ},
    "employee": set[str](),
    "+49 30 901820": {ANNA},
}
CALLERS = {
    "+4930901820": {ANNA},
    "+4930901821": {SEAN},
    "030 901822": {ZOE},
    "+48221234567": {LUKASZ},
    "+4930901899": set[str](),
}


def restore(path: Path) -> None:
    """Make the SQLite file at `path` as the first release left it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SOURCE.read_text(encoding="utf-8"))
        connection.commit()


def make_old(path: Path, directory_id: str) -> int:
    """Turn the users of a directory into records without an index version; how many there are."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT key, value FROM contacts WHERE partition=? AND key GLOB 'user|*'"
            " AND key NOT GLOB 'user|*|*'",
            (directory_id,),
        ).fetchall()
        for key, value in rows:
            record = orjson.loads(value)
            record.pop("index_version", None)
            record.pop("index_region", None)
            connection.execute(
                "UPDATE contacts SET value=? WHERE partition=? AND key=?",
                (orjson.dumps(record), directory_id, key),
            )
        connection.commit()
    return len(rows)
