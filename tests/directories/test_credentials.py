"""Tokens, client secrets and trusted identities: issued, rotated, revoked."""

import asyncio

import pytest

from directories import credentials, provisioning_log, service
from directories.audit import operator_actor
from directories.authenticate import Unauthenticated, authenticate
from directories.credentials import Lifetime, Replacement, issue, revoke, rotate, set_trust
from directories.errors import InvalidField, NotThere, TooMany
from directories.event_types import KINDS
from directories.models import TrustedIdentity
from directories.provisioning_log import EventFilter
from shared.app import App
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, OTHER_ACCOUNT, Made

GUID = "5f2f7b1c-0a52-4c39-9d60-0c4f3f8f7a10"


async def opens(app: App, directory_id: str, token: str) -> bool:
    """Return whether the directory accepts the token."""
    try:
        await authenticate(app, directory_id, f"Bearer {token}")
    except Unauthenticated:
        return False
    return True


async def test_two_tokens_may_be_live_and_no_third(app: App, made: Made) -> None:
    """A directory has at most two valid tokens, so that one can replace the other without a gap."""
    second = (await issue(app, operator_actor(ACCOUNT), made.id, "tokens")).plain
    assert await opens(app, made.id, made.token)
    assert await opens(app, made.id, second)
    with pytest.raises(TooMany):
        await issue(app, operator_actor(ACCOUNT), made.id, "tokens")


async def test_a_rotated_token_is_valid_for_the_chosen_overlap(
    app: App, made: Made, clock: FixedClock
) -> None:
    """Until the overlap ends, both tokens work; after it only the new one."""
    new = (await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(2))).plain
    clock.advance(2 * 3600 - 1)
    assert await opens(app, made.id, made.token)
    assert await opens(app, made.id, new)
    clock.advance(1)
    assert not await opens(app, made.id, made.token)
    assert await opens(app, made.id, new)


async def test_a_rotation_without_overlap_ends_the_old_token_at_once(app: App, made: Made) -> None:
    """An overlap of zero hours is for a token that has leaked."""
    new = (await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0))).plain
    assert not await opens(app, made.id, made.token)
    assert await opens(app, made.id, new)


async def test_a_third_token_is_refused_and_both_are_named(app: App, made: Made) -> None:
    """The error shows when each was last used, so that the administrator can decide which one to
    revoke.
    """
    second = (await issue(app, operator_actor(ACCOUNT), made.id, "tokens")).credential
    await authenticate(app, made.id, made.header)
    await app.background.drain()
    for hours in (0, 24):
        with pytest.raises(TooMany) as caught:
            await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(hours))
        text = caught.value.message.text()
        assert f"{made.directory.tokens[0].id} (last used 2026-01-01 00:00 UTC)" in text
        assert f"{second.id} (never used)" in text


async def test_only_the_named_token_is_replaced(app: App, made: Made) -> None:
    """The older token stays valid, because the request names the other one, which was never
    used.
    """
    lost = await issue(app, operator_actor(ACCOUNT), made.id, "tokens")
    done = await rotate(
        app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0, lost.credential.id)
    )
    assert await opens(app, made.id, made.token)
    assert not await opens(app, made.id, lost.plain)
    assert await opens(app, made.id, done.plain)
    assert done.replaced is not None
    assert (done.replaced.id, done.replaced.revoked) == (lost.credential.id, True)


async def test_no_overlap_is_possible_with_two_valid_tokens(app: App, made: Made) -> None:
    """A directory has at most two, so the replaced one must end at once."""
    second = (await issue(app, operator_actor(ACCOUNT), made.id, "tokens")).credential
    with pytest.raises(InvalidField) as caught:
        await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(1, second.id))
    assert caught.value.field == "overlapHours"


async def test_replacing_a_revoked_token_revokes_no_other(app: App, made: Made) -> None:
    """If it was revoked in another tab, the new token is issued and the second valid one stays."""
    second = await issue(app, operator_actor(ACCOUNT), made.id, "tokens")
    first = made.directory.tokens[0].id
    await revoke(app, operator_actor(ACCOUNT), made.id, "tokens", first)
    done = await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0, first))
    assert done.replaced is None
    assert await opens(app, made.id, second.plain)
    with pytest.raises(InvalidField, match="replaces_unknown"):
        await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0, "other"))


async def test_of_two_concurrent_rotations_one_fails(app: App, made: Made) -> None:
    """The row's ETag has changed, so the second one finds two valid tokens and revokes neither."""
    answers = await asyncio.gather(
        *(
            rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(24))
            for _ in range(2)
        ),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Issued", "TooMany"]
    assert await opens(app, made.id, made.token)


@pytest.mark.parametrize(
    ("lifetime", "expires"),
    [("default", "2027-01-01"), (None, ""), (30, "2026-01-31")],
)
async def test_a_token_has_the_chosen_lifetime_or_the_default(
    app: App, made: Made, lifetime: Lifetime, expires: str
) -> None:
    """TOKEN_LIFETIME_DAYS is the default, a year unless set. None is a token that doesn't
    expire.
    """
    token = (await issue(app, operator_actor(ACCOUNT), made.id, "tokens", lifetime)).credential
    assert token.expires[:10] == expires


async def test_a_rotation_never_extends_a_lifetime(app: App, made: Made, clock: FixedClock) -> None:
    """A token that expires before the overlap ends keeps its expiry."""
    await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0))
    short = (await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0), 1)).plain
    await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(100))
    clock.advance(24 * 3600)
    assert not await opens(app, made.id, short)


async def test_a_revoked_token_is_refused_at_once(any_app: App) -> None:
    """The instance that revoked it refuses the next request."""
    directory, token = await service.create(
        any_app, operator_actor(ACCOUNT), service.NewDirectory("Contoso")
    )
    assert await opens(any_app, directory.id, token)
    await revoke(any_app, operator_actor(ACCOUNT), directory.id, "tokens", directory.tokens[0].id)
    assert not await opens(any_app, directory.id, token)


async def test_only_the_owner_issues_and_revokes_tokens(app: App, made: Made) -> None:
    """Another account gets the error for a directory that doesn't exist."""
    with pytest.raises(NotThere):
        await issue(app, operator_actor(OTHER_ACCOUNT), made.id, "tokens")
    with pytest.raises(NotThere):
        await revoke(
            app, operator_actor(OTHER_ACCOUNT), made.id, "tokens", made.directory.tokens[0].id
        )
    with pytest.raises(NotThere):
        await revoke(app, operator_actor(ACCOUNT), made.id, "tokens", "unknown1")


async def test_only_the_latest_ended_tokens_are_kept(app: App, made: Made) -> None:
    """The page can show which token was revoked, but the record doesn't grow with each rotation."""
    for _ in range(10):
        directory = (
            await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0))
        ).directory
    assert len([token for token in directory.tokens if token.revoked]) == 5
    assert len(directory.tokens) == 6


@pytest.mark.parametrize("days", [0, -1, 1096])
async def test_a_lifetime_out_of_range_is_refused(app: App, made: Made, days: int) -> None:
    """A lifetime is one day to three years."""
    with pytest.raises(InvalidField, match="lifetime_out_of_range"):
        await issue(app, operator_actor(ACCOUNT), made.id, "tokens", days)


async def test_client_secrets_expire_after_two_years(app: App, made: Made) -> None:
    """Microsoft Learn, "App gallery requirements": secrets are valid for one to three years."""
    secret = (await issue(app, operator_actor(ACCOUNT), made.id, "secrets")).credential
    assert secret.expires == "2028-01-01T00:00:00.000Z"


async def test_a_trusted_identity_is_stored_as_given_and_can_be_removed(
    app: App, made: Made
) -> None:
    """Tenant and subject are GUIDs in any case; audiences are compared exactly."""
    trust = TrustedIdentity(
        tenant_id=GUID.upper(),
        subject=f" {GUID} ",
        audiences=("api://App", "api://App/host", "api://App"),
    )
    directory = await set_trust(app, operator_actor(ACCOUNT), made.id, trust)
    assert directory.trust == TrustedIdentity(
        tenant_id=GUID, subject=GUID, audiences=("api://App", "api://App/host")
    )
    assert (await set_trust(app, operator_actor(ACCOUNT), made.id, None)).trust is None


@pytest.mark.parametrize(
    ("trust", "field"),
    [
        (TrustedIdentity(tenant_id="contoso.com", subject=GUID, audiences=("a",)), "tenantId"),
        (TrustedIdentity(tenant_id=GUID, subject="", audiences=("a",)), "subject"),
        (TrustedIdentity(tenant_id=GUID, subject=GUID, audiences=("",)), "audiences"),
        (
            TrustedIdentity(tenant_id=GUID, subject=GUID, audiences=tuple(map(str, range(6)))),
            "audiences",
        ),
    ],
)
async def test_a_wrong_trust_is_refused(
    app: App, made: Made, trust: TrustedIdentity, field: str
) -> None:
    """The error names the field that isn't an exact value."""
    with pytest.raises(InvalidField) as caught:
        await credentials.set_trust(app, operator_actor(ACCOUNT), made.id, trust)
    assert caught.value.field == field


async def test_the_provisioning_log_has_changes_of_credentials(app: App, made: Made) -> None:
    """An administrator sees that a refused request's token was revoked. The log has ids, never the
    token.
    """
    issued = await issue(app, operator_actor(ACCOUNT), made.id, "tokens")
    token, plain = issued.credential, issued.plain
    await revoke(app, operator_actor(ACCOUNT), made.id, "tokens", token.id)
    await issue(app, operator_actor(ACCOUNT), made.id, "secrets")
    await set_trust(
        app,
        operator_actor(ACCOUNT),
        made.id,
        TrustedIdentity(tenant_id=GUID, subject=GUID, audiences=("api://x",)),
    )
    await set_trust(app, operator_actor(ACCOUNT), made.id, None)
    lines = (
        await provisioning_log.read(app, made.id, wanted=EventFilter(kinds=KINDS["access"]))
    ).lines
    told = {line.event.kind: line.event.detail for line in lines}
    assert told.keys() == {
        "token.issued",
        "token.revoked",
        "secret.issued",
        "trust.set",
        "trust.removed",
    }
    assert told["token.issued"] == told["token.revoked"] == token.id
    assert plain not in repr(lines)
