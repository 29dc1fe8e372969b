"""Tokens, client secrets and trust: issue, rotate, revoke."""

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
    second = (await issue(app, operator_actor(ACCOUNT), made.id, "tokens")).plain
    assert await opens(app, made.id, made.token)
    assert await opens(app, made.id, second)
    with pytest.raises(TooMany):
        await issue(app, operator_actor(ACCOUNT), made.id, "tokens")


async def test_a_rotated_token_lives_on_for_the_chosen_time(
    app: App, made: Made, clock: FixedClock
) -> None:
    """After a rotation both tokens work until the overlap is over, then only the new one."""
    new = (await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(2))).plain
    clock.advance(2 * 3600 - 1)
    assert await opens(app, made.id, made.token)
    assert await opens(app, made.id, new)
    clock.advance(1)
    assert not await opens(app, made.id, made.token)
    assert await opens(app, made.id, new)


async def test_a_rotation_without_overlap_ends_the_old_token_at_once(app: App, made: Made) -> None:
    """Zero hours is the choice after a leak."""
    new = (await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0))).plain
    assert not await opens(app, made.id, made.token)
    assert await opens(app, made.id, new)


async def test_a_third_token_is_refused_and_both_are_named(app: App, made: Made) -> None:
    """A person who decides which one ends needs to know which one is in use."""
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
    """The token in use survives although it is the older one: the never used one was named."""
    lost = await issue(app, operator_actor(ACCOUNT), made.id, "tokens")
    done = await rotate(
        app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0, lost.credential.id)
    )
    assert await opens(app, made.id, made.token)
    assert not await opens(app, made.id, lost.plain)
    assert await opens(app, made.id, done.plain)
    assert done.replaced is not None
    assert (done.replaced.id, done.replaced.revoked) == (lost.credential.id, True)


async def test_a_replaced_token_does_not_stay_in_addition_to_two_others(
    app: App, made: Made
) -> None:
    """Two are the limit, so with two live ones the replaced one ends at once or not at all."""
    second = (await issue(app, operator_actor(ACCOUNT), made.id, "tokens")).credential
    with pytest.raises(InvalidField) as caught:
        await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(1, second.id))
    assert caught.value.field == "overlapHours"


async def test_to_replace_an_ended_token_ends_no_other(app: App, made: Made) -> None:
    """It was revoked in another tab: the new one is issued, and the second live one stays."""
    second = await issue(app, operator_actor(ACCOUNT), made.id, "tokens")
    first = made.directory.tokens[0].id
    await revoke(app, operator_actor(ACCOUNT), made.id, "tokens", first)
    done = await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0, first))
    assert done.replaced is None
    assert await opens(app, made.id, second.plain)
    with pytest.raises(InvalidField, match="replaces_unknown"):
        await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0, "other"))


async def test_two_rotations_at_once_leave_no_more_than_was_named(app: App, made: Made) -> None:
    """The storage's tag decides: the second one finds two live tokens, and ends neither."""
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
async def test_a_token_lives_as_chosen_else_as_the_operator_set(
    app: App, made: Made, lifetime: Lifetime, expires: str
) -> None:
    """TOKEN_LIFETIME_DAYS is a year unless set; None is a token without an end."""
    token = (await issue(app, operator_actor(ACCOUNT), made.id, "tokens", lifetime)).credential
    assert token.expires[:10] == expires


async def test_a_rotation_never_lengthens_a_life(app: App, made: Made, clock: FixedClock) -> None:
    """A token that was to end sooner than the overlap ends when it was to end."""
    await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0))
    short = (await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0), 1)).plain
    await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(100))
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
        directory = (
            await rotate(app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(0))
        ).directory
    assert len([token for token in directory.tokens if token.revoked]) == 5
    assert len(directory.tokens) == 6


@pytest.mark.parametrize("days", [0, -1, 1096])
async def test_a_lifetime_out_of_range_is_refused(app: App, made: Made, days: int) -> None:
    """One day to three years."""
    with pytest.raises(InvalidField, match="lifetime_out_of_range"):
        await issue(app, operator_actor(ACCOUNT), made.id, "tokens", days)


async def test_client_secrets_expire_after_two_years(app: App, made: Made) -> None:
    """Microsoft's gallery asks for secrets that live one to three years (Learn, "App gallery requirements")."""
    secret = (await issue(app, operator_actor(ACCOUNT), made.id, "secrets")).credential
    assert secret.expires == "2028-01-01T00:00:00.000Z"


async def test_trust_is_kept_as_given_and_can_be_dropped(app: App, made: Made) -> None:
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
    """An identity that isn't exact is not trusted."""
    with pytest.raises(InvalidField) as caught:
        await credentials.set_trust(app, operator_actor(ACCOUNT), made.id, trust)
    assert caught.value.field == field


async def test_the_log_tells_what_was_done_to_credentials(app: App, made: Made) -> None:
    """Who looks for the reason of a refused call finds that its token was revoked; never the token itself."""
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
