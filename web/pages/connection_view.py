"""A directory's connection to presence, in the visitor's words."""

from dataclasses import dataclass
from datetime import datetime

from directories.audit import LINK_ACTOR
from directories.models import Directory
from presence.consent.status import UNCONFIRMED, Connection
from shared.messages import Message
from web.page_request import PageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """The presence connection as shown in step 3 and on the directory's page.

    `locked`: the choice can't be changed while access is granted. `begun_by` is the ID of the actor who began it.
    """

    state: str
    tone: str
    title: str
    sentence: str
    remedy: str = ""
    tenant: str = ""
    company: str = ""
    tenant_name: str = ""
    tenant_domain: str = ""
    domain: str = ""
    accepted_by: str = ""
    begun_by: str = ""
    since: datetime | None = None
    moving: bool = False
    impossible: str = ""
    mark: str = ""
    unconfirmed: bool = False

    @property
    def by_link(self) -> bool:
        """Return whether the company's administrator began it through a link."""
        return self.begun_by.startswith(LINK_ACTOR)

    @property
    def locked(self) -> bool:
        """Return whether a tenant is connected."""
        return self.state not in ("none", "removed")


def view(visit: PageRequest, connection: Connection, directory: Directory) -> ConnectionView:
    """Return the connection in the visitor's language."""
    title, sentence = connection.title, connection.sentence
    if connection.state == "none" and directory.presence == "off":
        title, sentence = Message("connection_off_title"), Message("connection_off_sentence")
    return ConnectionView(
        state=connection.state,
        tone="" if connection.state in ("none", "removed") else connection.tone,
        title=visit.text(title),
        sentence=visit.text(sentence),
        remedy=visit.text(connection.remedy),
        tenant=connection.tenant_id,
        company=connection.company,
        tenant_name=connection.tenant_name,
        tenant_domain=connection.tenant_domain,
        domain=connection.domain,
        accepted_by=connection.accepted_by,
        begun_by=connection.begun_by,
        since=connection.since,
        moving=connection.moving,
        impossible=visit.text(connection.impossible),
        mark=f"{connection.state}.{connection.reason}.{connection.tenant_id}",
        unconfirmed=connection.reason == UNCONFIRMED,
    )
