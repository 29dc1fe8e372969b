"""Tokens, client secrets and trust: issue, rotate, revoke."""

import pytest

from directories import credentials, provisioning_log, service
from directories.audit import operator_actor
from directories.authenticate import Unauthenticated, authenticate
from directories.credentials import issue, revoke, rotate, set_trust
from directories.errors import InvalidField, NotThere, TooMany
from directories.event_types import KINDS
from directories.models import TrustedIdentity
from directories.provisioning_log import EventFilter
from shared.app import App
from shared.clock import FixedClock
from tests.directories.made import ACCOUNT, OTHER_ACCOUNT, Made

GUID = "5f2f7b1c-0a52-4c39-9d60-0c4f3f8f7a10"


async def opens(app: App, directory_id: str, token: str) -> bool:
    """Whether the token is accepted."""
    try:
        await authenticate(app, directory_id, f"Bearer {token}")
    except Unauthenticated:
        return False
    return True


async def test_two_tokens_may_be_live_and_no_third(app: App, made: Made) -> None:
    """At most two live tokens, so that one can be replaced by the other without a gap."""
    _, _, second = await issue(app, operator_actor(ACCOUNT), made.id, "tokens")
    assert await opens(app, made.id, made.token)
    assert await opens(app, made.id, second)
    with pytest.raises(TooMany):
        await issue(app, operator_actor(ACCOUNT), made.id, "tokens")


async def test_a_rotated_token_lives_on_for_the_chosen_time(
    app: App, made: Made, clock: FixedClock
) -> None:
    """After a rotation both tokens work until the overlap is over, then only the new one."""
    _, _, new = await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", overlap_hours=2)
    clock.advance(2 * 3600 - 1)
    assert await opens(app, made.id, made.token)
    assert await opens(app, made.id, new)
    clock.advance(1)
    assert not await opens(app, made.id, made.token)
    assert await opens(app, made.id, new)


async def test_a_rotation_without_overlap_ends_the_old_token_at_once(app: App, made: Made) -> None:
    """Zero hours is what one chooses after a leak."""
    _, _, new = await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", overlap_hours=0)
    assert not await opens(app, made.id, made.token)
    assert await opens(app, made.id, new)


async def test_a_rotation_with_two_live_tokens_ends_the_older_one(app: App, made: Made) -> None:
    """Never more than two live tokens: the newest lives on beside its successor."""
    _, _, second = await issue(app, operator_actor(ACCOUNT), made.id, "tokens")
    _, _, third = await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", overlap_hours=1)
    states = [await opens(app, made.id, token) for token in (made.token, second, third)]
    assert states == [False, True, True]


async def test_a_rotation_never_lengthens_a_life(app: App, made: Made, clock: FixedClock) -> None:
    """A token that was to end sooner than the overlap ends when it was to end."""
    await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", overlap_hours=0)
    _, _, short = await rotate(
        app, operator_actor(ACCOUNT), made.id, "tokens", overlap_hours=0, lifetime_days=1
    )
    await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", overlap_hours=100)
    clock.advance(24 * 3600)
    assert not await opens(app, made.id, short)


async def test_a_revoked_token_is_dead_at_once(any_app: App) -> None:
    """On the instance that revokes it, the next call is refused."""
    directory, token = await service.create(
        any_app, operator_actor(ACCOUNT), service.NewDirectory("Contoso")
    )
    assert await opens(any_app, directory.id, token)
    await revoke(any_app, operator_actor(ACCOUNT), directory.id, "tokens", directory.tokens[0].id)
    assert not await opens(any_app, directory.id, token)


async def test_only_the_owner_touches_tokens(app: App, made: Made) -> None:
    """Another account can neither issue nor revoke."""
    with pytest.raises(NotThere):
        await issue(app, operator_actor(OTHER_ACCOUNT), made.id, "tokens")
    with pytest.raises(NotThere):
        await revoke(
            app, operator_actor(OTHER_ACCOUNT), made.id, "tokens", made.directory.tokens[0].id
        )
    with pytest.raises(NotThere):
        await revoke(app, operator_actor(ACCOUNT), made.id, "tokens", "unknown1")


async def test_ended_tokens_are_kept_for_a_while_only(app: App, made: Made) -> None:
    """The page can say which token was revoked, and the record does not grow with every rotation."""
    for _ in range(10):
        directory, _, _ = await rotate(
            app, operator_actor(ACCOUNT), made.id, "tokens", overlap_hours=0
        )
    assert len([token for token in directory.tokens if token.revoked]) == 5
    assert len(directory.tokens) == 6


@pytest.mark.parametrize("days", [0, -1, 1096])
async def test_a_lifetime_out_of_range_is_refused(app: App, made: Made, days: int) -> None:
    """One day to three years."""
    with pytest.raises(InvalidField, match="lifetime_out_of_range"):
        await issue(app, operator_actor(ACCOUNT), made.id, "tokens", days)


async def test_client_secrets_expire_after_two_years(app: App, made: Made) -> None:
    """Microsoft's gallery asks for secrets that live one to three years (Learn, "App gallery requirements")."""
    _, secret, _ = await issue(app, operator_actor(ACCOUNT), made.id, "secrets")
    assert secret.expires == "2028-01-01T00:00:00.000Z"
    assert made.directory.tokens[0].expires == ""


async def test_trust_is_kept_as_given_and_can_be_dropped(app: App, made: Made) -> None:
    """Tenant and subject are GUIDs in any case; audiences are compared exactly."""
    trust = TrustedIdentity(GUID.upper(), f" {GUID} ", ("api://App", "api://App/host", "api://App"))
    directory = await set_trust(app, operator_actor(ACCOUNT), made.id, trust)
    assert directory.trust == TrustedIdentity(GUID, GUID, ("api://App", "api://App/host"))
    assert (await set_trust(app, operator_actor(ACCOUNT), made.id, None)).trust is None


@pytest.mark.parametrize(
    ("trust", "field"),
    [
        (TrustedIdentity("contoso.com", GUID, ("a",)), "tenantId"),
        (TrustedIdentity(GUID, "", ("a",)), "subject"),
        (TrustedIdentity(GUID, GUID, ("",)), "audiences"),
        (TrustedIdentity(GUID, GUID, tuple(map(str, range(6)))), "audiences"),
    ],
)
async def test_a_wrong_trust_is_refused(
    app: App, made: Made, trust: TrustedIdentity, field: str
) -> None:
    """What is no exact identity is not trusted."""
    with pytest.raises(InvalidField) as caught:
        await credentials.set_trust(app, operator_actor(ACCOUNT), made.id, trust)
    assert caught.value.field == field


async def test_the_log_tells_what_was_done_to_credentials(app: App, made: Made) -> None:
    """Who looks for the reason of a refused call finds that its token was revoked; never the token itself."""
    _, token, plain = await issue(app, operator_actor(ACCOUNT), made.id, "tokens")
    await revoke(app, operator_actor(ACCOUNT), made.id, "tokens", token.id)
    await issue(app, operator_actor(ACCOUNT), made.id, "secrets")
    await set_trust(
        app, operator_actor(ACCOUNT), made.id, TrustedIdentity(GUID, GUID, ("api://x",))
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
