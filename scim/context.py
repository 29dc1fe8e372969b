"""What a SCIM operation is carried out in: the deployment, the directory and the client that asks."""

from dataclasses import dataclass

from directories.models import Directory
from scim.write_lock import WriteLocks
from shared.app import App


@dataclass(frozen=True, slots=True)
class Context:
    """One authenticated call.

    `base_url` is the SCIM base URL as the client uses it; `client` is the name in its User-Agent.
    """

    app: App
    directory: Directory
    base_url: str
    client: str = ""

    @property
    def write_locks(self) -> WriteLocks:
        """Return the App's locks of resources that are being written."""
        return self.app.state(WriteLocks)
