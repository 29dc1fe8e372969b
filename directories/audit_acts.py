"""Derive audit acts from two versions of a directory: every difference is an act.

So code that changes a directory's row needn't name the act, and can't forget it.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

from directories.audit import Act
from directories.models import Directory, Readers, Token, TrustedIdentity

# Fields that are no settings: they have other acts, never change, or change only with another field.
_APART = {
    "id",
    "account",
    "created",
    "etag",
    "unknown_fields",
    "name",
    "state",
    "deleted",
    "tokens",
    "secrets",
    "trust",
    "inspect_until",
}
SETTINGS = tuple(field.name for field in dataclasses.fields(Directory) if field.name not in _APART)
_STATES = {
    ("active", "deleting"): "directory.deleted",
    ("deleting", "active"): "directory.restored",
    ("deleting", "removing"): "directory.removed",
}


def of_creation(directory: Directory) -> list[Act]:
    """Return the acts for a new directory: its creation, and the issue of its first token."""
    new = {"name": directory.name} | {name: _setting(directory, name) for name in SETTINGS}
    return [Act("directory.created", new=new), *_credentials("token", (), directory.tokens)]


def of_change(before: Directory, after: Directory) -> list[Act]:
    """Return the acts for the differences between two versions of a directory, at least one if they differ."""
    acts = list(_changes(before, after))
    if not acts and before != after:
        return [Act("directory.changed")]
    return acts


def _changes(before: Directory, after: Directory) -> Iterator[Act]:
    if before.state != after.state:
        yield Act(_STATES[before.state, after.state])
    if before.name != after.name:
        yield Act("directory.renamed", old={"name": before.name}, new={"name": after.name})
    changed = [name for name in SETTINGS if getattr(before, name) != getattr(after, name)]
    if changed:
        old = {name: _setting(before, name) for name in changed}
        new = {name: _setting(after, name) for name in changed}
        yield Act("directory.changed", old=old, new=new)
    yield from _inspection(before.inspect_until, after.inspect_until)
    yield from _credentials("token", before.tokens, after.tokens)
    yield from _credentials("secret", before.secrets, after.secrets)
    if before.trust != after.trust:
        code = "trust.set" if after.trust else "trust.removed"
        yield Act(code, old=_trust(before.trust), new=_trust(after.trust))


def _inspection(before: str, after: str) -> Iterator[Act]:
    """Yield the act of starting or stopping the request inspector, if `inspect_until` changed."""
    if before == after:
        return
    if after:
        yield Act("inspector.started", new={"inspect_until": after})
    else:
        yield Act("inspector.stopped", old={"inspect_until": before})


def _setting(directory: Directory, name: str) -> Any:
    """Return a setting's value as JSON."""
    value = getattr(directory, name)
    if isinstance(value, Readers):
        return {"roles": list(value.roles), "groups": list(value.groups)}
    return value


def _credentials(
    credential_type: str, before: tuple[Token, ...], after: tuple[Token, ...]
) -> Iterator[Act]:
    """Yield an act for each token or secret that was issued, revoked or changed.

    It isn't an act that a credential is removed from the row long after it expired or was revoked.
    """
    had = {token.id: token for token in before}
    for token in after:
        old = had.get(token.id)
        if old is None:
            yield Act(f"{credential_type}.issued", token.id, new={"expires": token.expires})
        elif token.revoked and not old.revoked:
            yield Act(f"{credential_type}.revoked", token.id)
        elif token.expires != old.expires:
            ends = {"expires": old.expires}, {"expires": token.expires}
            yield Act(f"{credential_type}.changed", token.id, *ends)


def _trust(trust: TrustedIdentity | None) -> dict[str, Any]:
    if trust is None:
        return {}
    stored = dataclasses.asdict(trust)
    del stored["unknown_fields"]
    return {name: value for name, value in stored.items() if value}
