"""What a SCIM operation is carried out in: the deployment, the directory and the client that asks."""

from dataclasses import dataclass, field

from directories.directory import Directory
from scim.listing import Places
from scim.turns import Turns
from shared.services import Services


@dataclass(frozen=True, slots=True)
class Context:
    """One authenticated call; `base_url` is the SCIM base as the client uses it, `client` who it seems to be,
    `places` where walks continue, `turns` who writes what."""

    services: Services
    directory: Directory
    base_url: str
    client: str = ""
    places: Places = field(default_factory=Places)
    turns: Turns = field(default_factory=Turns)
