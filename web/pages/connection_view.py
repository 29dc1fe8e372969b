"""A directory's presence connection with its texts in the user's language."""

from dataclasses import dataclass
from datetime import datetime

from directories.audit import LINK_ACTOR
from directories.models import Directory
from presence.consent.status import UNCONFIRMED, Connection
from shared.messages import Message
from web.page_request import PageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """The presence connection as shown in the wizard's step 3 and on the directory's page.

    `begun_by` is the ID of the actor who started the consent. `mark` changes when the state does,
    so that a page can poll for changes.
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
        """Return whether the company's administrator started the consent through a set-up link."""
        return self.begun_by.startswith(LINK_ACTOR)

    @property
    def locked(self) -> bool:
        """Return whether the choice of presence can't be changed, because a tenant is connected."""
        return self.state not in ("none", "removed")


def view(visit: PageRequest, connection: Connection, directory: Directory) -> ConnectionView:
    """Return the connection with its texts in the user's language."""
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
