"""A directory that a test has created."""

from dataclasses import dataclass

from directories.models import Directory

ACCOUNT = "11111111-1111-1111-1111-111111111111"
OTHER_ACCOUNT = "22222222-2222-2222-2222-222222222222"


@dataclass(frozen=True)
class Made:
    """A stored directory and its token in plain text."""

    directory: Directory
    token: str

    @property
    def id(self) -> str:
        """Return the directory's id."""
        return self.directory.id

    @property
    def header(self) -> str:
        """Return the Authorization header with the directory's token."""
        return f"Bearer {self.token}"
