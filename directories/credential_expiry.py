"""Warn before a credential that a client uses expires.

An unexpected expiry stops provisioning: Entra quarantines a job at once when it can't sign in
(Microsoft Learn, "Application provisioning in quarantine status"). The directory's page warns from
30 days before. For the operator's alert, the daily maintenance logs `credential.ending` 30, 14 and
3 days before, once each.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

import orjson

from directories import credential_usage, store
from directories.access_rows import BY_TRUST
from directories.credential_usage import LastCalls
from directories.credentials import CredentialType
from directories.models import Directory, Token
from shared import log, row_versions
from shared.app import App
from shared.clock import parse_timestamp, timestamp
from shared.tables.port import Upsert
from shared.tables.schema.base import DIRECTORIES
from shared.tables.schema.directories import CREDENTIAL_WARNING

DAYS_BEFORE = (30, 14, 3)
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Ending:
    """A live credential that a client uses and that expires within 30 days; `days_left` is rounded up."""

    credential_type: CredentialType
    credential: Token
    last_used: str
    days_left: int

    @property
    def days_before(self) -> int:
        """The warning that is due: the smallest of DAYS_BEFORE that is at least `days_left`."""
        return min(days for days in DAYS_BEFORE if self.days_left <= days)

    @property
    def is_urgent(self) -> bool:
        """Whether the last warning, three days before, is due."""
        return self.days_left <= min(DAYS_BEFORE)


def endings(app: App, directory: Directory, calls: LastCalls) -> list[Ending]:
    """Return the used credentials that expire within 30 days, in the order of their expiry.

    A credential is left out if the client has since used another one that expires later.
    """
    now = store.now(app.clock)
    soon = timestamp(app.clock.now() + timedelta(days=max(DAYS_BEFORE)))
    live = [
        (credential_type, token)
        for credential_type, token in _credentials(directory)
        if token.is_live(now)
    ]
    ends_by_id = {token.id: token.expires for _, token in live}
    if directory.trust:
        ends_by_id[BY_TRUST] = ""
    found = [
        Ending(credential_type, token, calls.used[token.id], _days_left(app, token))
        for credential_type, token in live
        if token.expires
        and token.expires <= soon
        and token.id in calls.used
        and not _is_left(token, calls, ends_by_id)
    ]
    return sorted(found, key=lambda ending: ending.credential.expires)


def _credentials(directory: Directory) -> Iterator[tuple[CredentialType, Token]]:
    for token in directory.tokens:
        yield "tokens", token
    for secret in directory.secrets:
        yield "secrets", secret


def _is_left(token: Token, calls: LastCalls, ends_by_id: dict[str, str]) -> bool:
    """Return whether the client has since used a credential that expires later than `token`.

    `ends_by_id` has the expiry of each live credential, "" for never, which counts as later.
    """
    return any(
        calls.used.get(other, "") > calls.used[token.id] and (not end or end > token.expires)
        for other, end in ends_by_id.items()
    )


def _days_left(app: App, token: Token) -> int:
    left = parse_timestamp(token.expires) - app.clock.now()
    return max(1, ceil(left.total_seconds() / _DAY_SECONDS))


async def warn(app: App, directory: Directory) -> None:
    """Log a warning 30, 14 and 3 days before a used credential expires, each warning once.

    The line is logged before the warning is stored, so a killed run can repeat it but not lose it.
    """
    directory_id = directory.id
    if not directory.is_active:
        return
    soon = timestamp(app.clock.now() + timedelta(days=max(DAYS_BEFORE)))
    if not any("" < token.expires <= soon for _, token in _credentials(directory)):
        return
    for ending in endings(app, directory, await credential_usage.read(app.tables, directory_id)):
        key = CREDENTIAL_WARNING.key(ending.credential.id)
        row = await app.tables.get(DIRECTORIES, directory_id, key)
        if row is not None and decode(row.value) <= ending.days_before:
            continue
        log.event(
            "credential.ending",
            level=logging.WARNING,
            directory_id=directory_id,
            credential_id=ending.credential.id,
            days_before=ending.days_before,
            expires=ending.credential.expires,
        )
        await app.tables.transact(
            DIRECTORIES, directory_id, [Upsert(key, encode(ending.days_before))]
        )


def encode(days_before: int) -> bytes:
    """Return the value of a warning's row; `days_before` is one of DAYS_BEFORE."""
    return orjson.dumps({"v": 1, "days_before": days_before})


def decode(value: bytes) -> int:
    """Return the `days_before` of the last warning; raise UnsupportedRowVersion if a later release wrote it."""
    return int(row_versions.decode(value, "credential warning")["days_before"])
