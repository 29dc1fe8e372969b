"""The format of secrets, and the checksum that distinguishes a typing error from a wrong secret."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from directories import tokens
from directories.audit import operator_actor
from directories.authenticate import Unauthenticated, authenticate
from directories.models import Token
from directories.provisioning_log import EventFilter, read
from directories.service import change
from shared.app import App
from tests.directories.made import ACCOUNT, Made

FIRST_RELEASE = "extdir_Zt3kQ-m8_0aXn5v1BdG7rLpYw2cHs6UeJf9iKoT4qMx"  # as commit b9f7b71 made them


@pytest.mark.parametrize(
    "prefix", [tokens.TOKEN_PREFIX, tokens.SECRET_PREFIX, tokens.ACCESS_PREFIX]
)
def test_a_new_secret_has_a_valid_checksum(prefix: str) -> None:
    """43 random base-62 characters and a checksum of six. A double click selects all of it."""
    made = [tokens.new_secret(prefix) for _ in range(200)]
    assert not any(tokens.is_mistyped(one) for one in made)
    assert len(set(made)) == 200
    assert {len(one) for one in made} == {len(prefix) + 49}
    assert all(one.removeprefix(prefix).isalnum() for one in made)


def test_every_changed_character_is_a_typing_error() -> None:
    """CRC-32 detects every error within 32 consecutive bits."""
    plain = tokens.new_secret(tokens.TOKEN_PREFIX)
    start = len(tokens.TOKEN_PREFIX)
    for at in range(start, len(plain)):
        other = "x" if plain[at] != "x" else "y"
        assert tokens.is_mistyped(f"{plain[:at]}{other}{plain[at + 1 :]}"), at


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain[:-1],
        lambda plain: plain[1:],
        lambda plain: plain[4:],
        lambda plain: f"{plain}x",
        lambda plain: f'"{plain}"',
        lambda plain: f"Bearer {plain}",
        lambda plain: f"{plain[:20]} {plain[20:]}",
        lambda plain: plain.swapcase(),
        lambda plain: plain.replace("_", "-"),
        lambda plain: f"{plain[:12]}\u00e9{plain[13:]}",
        lambda plain: plain + plain,
    ],
)
def test_a_damaged_copy_is_a_typing_error(change: Callable[[str], str]) -> None:
    """Cut at either end, quoted, with a scheme or a space, in the wrong case, or pasted twice."""
    assert tokens.is_mistyped(change(tokens.new_secret(tokens.TOKEN_PREFIX)))


@pytest.mark.parametrize("text", ["", "wrong", FIRST_RELEASE, "a" * 49, "eyJhbGciOi.eyJpc3M.c2ln"])
def test_a_secret_without_our_prefix_is_no_typing_error(text: str) -> None:
    """No secret, one of another service, and one of the first release, which has no checksum."""
    assert not tokens.is_mistyped(text)


async def test_a_token_of_the_first_release_stays_valid(app: App, made: Made) -> None:
    """Only the token's hash is stored, so nothing has to be migrated."""
    token = Token(id="first111", hash=tokens.digest(FIRST_RELEASE), created=made.directory.created)

    await change(
        app, operator_actor(ACCOUNT), made.id, lambda directory: replace(directory, tokens=(token,))
    )
    assert (await authenticate(app, made.id, f"Bearer {FIRST_RELEASE}")).id == made.id


async def test_the_error_for_a_mistyped_token_does_not_reveal_whether_a_directory_exists(
    app: App, made: Made
) -> None:
    """The response depends only on the text that was sent."""
    mistyped, unknown = made.token[:-1], tokens.new_secret(tokens.TOKEN_PREFIX)
    details: dict[str, set[str]] = {}
    for text in (mistyped, unknown):
        for directory_id in (made.id, "no-such-directory"):
            with pytest.raises(Unauthenticated) as caught:
                await authenticate(app, directory_id, f"Bearer {text}")
            details.setdefault(text, set()).add(caught.value.message.code)
    assert details == {mistyped: {"token_mistyped"}, unknown: {"token_refused"}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [("mistyped", "denied_mistyped"), ("unknown", "denied_wrong"), ("none", "denied_missing")],
)
async def test_the_log_has_the_reason_of_a_failed_authentication(
    app: App, made: Made, text: str, reason: str
) -> None:
    """The administrator sees it; repeated failures are one line a minute."""
    sent = {"mistyped": f"{made.token}x", "unknown": FIRST_RELEASE, "none": ""}[text]
    for _ in range(50):
        with pytest.raises(Unauthenticated):
            await authenticate(app, made.id, f"Bearer {sent}")
    await app.background.drain()
    (line,) = (
        await read(app, made.id, wanted=EventFilter(kinds=frozenset({"connection.refused"})))
    ).lines
    assert line.event.said is not None
    assert line.event.said["values"]["reason"]["code"] == reason
    assert not sent or sent not in line.event.detail
