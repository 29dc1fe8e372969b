"""A directory for tests."""

from dataclasses import dataclass

from directories.models import Directory

ACCOUNT = "11111111-1111-1111-1111-111111111111"
OTHER_ACCOUNT = "22222222-2222-2222-2222-222222222222"


@dataclass(frozen=True)
class Made:
    """A stored directory and the plain token that opens it."""

    directory: Directory
    token: str

    @property
    def id(self) -> str:
        """The directory's id."""
        return self.directory.id

    @property
    def header(self) -> str:
        """The Authorization header of its client."""
        return f"Bearer {self.token}"
