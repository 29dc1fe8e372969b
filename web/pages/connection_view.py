"""A directory's connection to presence, in the visitor's words."""

from dataclasses import dataclass
from datetime import datetime

from directories.models import Directory
from presence.consent.status import Connection
from web.page_request import PageRequest


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """What step 3 and the directory's page show. `locked`: the choice can't be changed while access is there."""

    state: str
    tone: str
    title: str
    sentence: str
    remedy: str = ""
    tenant: str = ""
    since: datetime | None = None
    moving: bool = False
    impossible: str = ""
    mark: str = ""

    @property
    def locked(self) -> bool:
        """Whether a tenant is connected."""
        return self.state not in ("none", "removed")


def view(visit: PageRequest, connection: Connection, directory: Directory) -> ConnectionView:
    """The connection in words."""
    code = "off" if connection.state == "none" and directory.presence == "off" else connection.state
    sentence, remedy = reason_words(visit, connection)
    seconds = visit.settings.presence_interval
    people = connection.health.get("people", 0)
    if not connection.reason:
        if visit.known(f"connection_{code}_sentence", ""):
            sentence = visit.counted(f"connection_{code}_sentence", people, seconds=seconds)
        remedy = visit.known(f"connection_{code}_remedy", "")
    return ConnectionView(
        connection.state,
        "" if connection.state in ("none", "removed") else connection.tone,
        visit.known(
            f"connection_{connection.reason}_title",
            visit.known(f"connection_{code}_title", connection.title),
        ),
        sentence,
        remedy,
        connection.tenant_id,
        connection.since,
        connection.moving,
        _impossible(visit, connection),
        f"{connection.state}.{connection.reason}",
    )


def reason_words(visit: PageRequest, connection: Connection) -> tuple[str, str]:
    """Sentence and remedy of the reason why presence does not come."""
    if not connection.reason:
        return connection.sentence, connection.remedy
    sentence = visit.known(f"reason_{connection.reason}", connection.sentence)
    if connection.params:
        sentence = visit.t(f"reason_{connection.reason}", **connection.params)
    return sentence, visit.known(f"reason_{connection.reason}_remedy", connection.remedy)


def _impossible(visit: PageRequest, connection: Connection) -> str:
    if not connection.impossible:
        return ""
    return visit.t(
        "presence_impossible_china"
        if visit.settings.cloud == "china"
        else "presence_impossible_setup"
    )
