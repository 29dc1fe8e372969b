"""What a SCIM operation is carried out in: the deployment, the directory and the client that asks."""

from dataclasses import dataclass, field

from directories.models import Directory
from scim.query import PageKeyCache
from scim.write_lock import WriteLocks
from shared.app import App


@dataclass(frozen=True, slots=True)
class Context:
    """One authenticated call; `base_url` is the SCIM base as the client uses it, `client` who it seems to be,
    `places` where walks continue, `turns` who writes what."""

    app: App
    directory: Directory
    base_url: str
    client: str = ""
    places: PageKeyCache = field(default_factory=PageKeyCache)
    turns: WriteLocks = field(default_factory=WriteLocks)
