"""Set-up links: single-use links by which a company's administrator connects its directory without an account here.

A link is for the whole set-up, or for the sign-in at Microsoft alone (`purpose`).

A link is `{address of the app}/set-up#{code}`. The code comes after `#`, so browsers don't send it
with the address and no log has it (RFC 9110 section 7.1); the page sends it in the body of a POST.
Only its SHA-256 is stored. The first browser that opens the link gets a cookie with another secret,
of which only the SHA-256 is stored too. From then on the link works only in that browser.

Each link is a row in the directory's partition of table `directories`, so that a change made
through the link, the link's progress and the audit event are stored in one transaction.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import orjson

from directories import tokens
from shared import row_versions
from shared.tables.port import Row
from shared.tables.schema.directories import SETUP_LINK

LIFETIME = timedelta(hours=72)
# A link is kept at least so long after it ended, so that it can be refused with the reason.
KEPT = timedelta(days=30)
MAX_LIVE_LINKS = 5
CODE_PREFIX = "extdirlink_"
_SECRET = r"[A-Za-z0-9_-]{43}"
_CODE = re.compile(
    rf"{CODE_PREFIX}(?P<directory>[A-Za-z0-9-]{{4,64}})\.(?P<link>[a-z0-9]{{12}})\.{_SECRET}"
)
_SESSION = re.compile(rf"(?P<directory>[A-Za-z0-9-]{{4,64}})\.(?P<secret>{_SECRET})")
_LINK_ID = re.compile(r"[a-z0-9]{12}")
# The version of the rows of sign-in links, because an older release would issue credentials for them.
_PURPOSE_VERSION = 2
# Looked up for a malformed code, so that every refusal costs the same reads.
_NOWHERE = "no-directory"

State = Literal["waiting", "opened", "done", "expired", "revoked"]
Purpose = Literal["set-up", "sign-in"]
LinkCredential = Literal["", "secret", "trust", "token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupLink:
    """A set-up link as stored. Times are RFC 3339 in UTC; that of an event is "" until it happens.

    Attributes:
        hash: The SHA-256 of the code.
        purpose: The whole set-up, or the sign-in at Microsoft that connects presence.
        opened: When a browser opened it.
        session: The SHA-256 of that browser's secret.
        elsewhere: When another browser first tried to open it.
        credential: The kind of credential that the administrator requested last.
        credential_at: When that was.
        trusted: The fingerprint of the identity that the directory trusts through this link.
        accepted: When the administrator confirmed the company that signed in.
        tested: When the administrator first tested numbers.
        done: When the administrator finished.
    """

    id: str
    hash: str
    created: str
    expires: str
    purpose: Purpose = "set-up"
    revoked: str = ""
    opened: str = ""
    session: str = ""
    elsewhere: str = ""
    credential: LinkCredential = ""
    credential_at: str = ""
    trusted: str = ""
    accepted: str = ""
    tested: str = ""
    done: str = ""
    etag: str = field(default="", compare=False)
    unknown_fields: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def state(self, now: str) -> State:
        """Return the state at the time `now`."""
        if self.revoked:
            return "revoked"
        if self.done:
            return "done"
        if now >= self.expires:
            return "expired"
        return "opened" if self.opened else "waiting"

    def is_live(self, now: str) -> bool:
        """Return whether the link can still be opened or used at the time `now`."""
        return self.state(now) in ("waiting", "opened")

    def has_code(self, code: str) -> bool:
        """Return whether `code` is this link's code, compared in constant time."""
        return hmac.compare_digest(self.hash, tokens.digest(code))

    def has_session(self, secret: str) -> bool:
        """Return whether `secret` is the secret of the browser that opened the link, compared in constant time."""
        return hmac.compare_digest(self.session or "0" * 64, tokens.digest(secret))


@dataclass(frozen=True, slots=True)
class LinkKey:
    """The directory ID and link ID, by which a link's row is found."""

    directory_id: str
    link_id: str


@dataclass(frozen=True, slots=True)
class SessionValue:
    """The value of a browser's cookie: the directory ID and the browser's secret."""

    directory_id: str
    secret: str

    def __str__(self) -> str:
        return f"{self.directory_id}.{self.secret}"


def new_code(directory_id: str, link_id: str) -> str:
    """Return the code of a new link, with 256 random bits."""
    return f"{CODE_PREFIX}{directory_id}.{link_id}.{new_secret()}"


def new_secret() -> str:
    """Return 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def code_in(text: str) -> str:
    """Return the code in a pasted text, which is the code itself or the whole link."""
    return text.strip().rpartition("#")[2]


def ids_in(code: str) -> LinkKey:
    """Return the IDs in a code; for a malformed code, IDs for which no row exists."""
    found = _CODE.fullmatch(code)
    if found is None:
        return LinkKey(_NOWHERE, _NOWHERE)
    return LinkKey(found["directory"], found["link"])


def is_link_id(text: str) -> bool:
    """Return whether `text` has the form of a link ID."""
    return _LINK_ID.fullmatch(text) is not None


def parse_session(value: str) -> SessionValue:
    """Return the parts of a cookie's value; for a malformed value, an ID for which no directory exists."""
    found = _SESSION.fullmatch(value)
    return (
        SessionValue(found["directory"], found["secret"]) if found else SessionValue(_NOWHERE, "")
    )


def encode(link: SetupLink) -> bytes:
    """Return the value of a link's row; the link's ID is in the key."""
    version = 1 if link.purpose == "set-up" else _PURPOSE_VERSION
    return orjson.dumps({**row_versions.as_row(link, "id", "etag"), "v": version})


def decode(row: Row) -> SetupLink:
    """Return the link that `encode` encoded; raise UnsupportedRowVersion if a later release wrote it."""
    stored = row_versions.decode(row.value, "set-up link", _PURPOSE_VERSION)
    link_id = SETUP_LINK.parts_of(row.key)[0]
    link: SetupLink = row_versions.build(SetupLink, {**stored, "id": link_id, "etag": row.etag})
    return link
