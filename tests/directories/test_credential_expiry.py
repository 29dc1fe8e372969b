"""Warnings that a credential in use expires: on the page 30 days before, in the log 30, 14 and 3
days before.
"""

import json
import logging
import math

import pytest

from directories import (
    credential_expiry,
    credential_usage,
    credentials,
    maintenance,
    service,
    status,
)
from directories.audit import operator_actor
from directories.authenticate import authenticate
from directories.credentials import Replacement
from shared import log
from shared.app import App
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, Made

DAY = 86_400


async def _use(app: App, made: Made, token: str = "") -> None:
    await authenticate(app, made.id, f"Bearer {token or made.token}")
    await app.background.drain()


async def _endings(app: App, made: Made) -> list[tuple[str, int]]:
    directory = await service.read(app, ACCOUNT, made.id)
    glance = await status.glance(app, directory)
    return [(ending.credential.id, ending.days_left) for ending in glance.endings]


async def test_a_used_credential_is_warned_about_30_days_before(
    app: App, made: Made, clock: FixedClock
) -> None:
    """TOKEN_LIFETIME_DAYS is a year by default: the warning is shown from day 335 on."""
    await _use(app, made)
    clock.advance(334.9 * DAY)
    assert await _endings(app, made) == []
    clock.advance(0.1 * DAY)
    assert await _endings(app, made) == [(made.directory.tokens[0].id, 30)]


async def test_an_unused_credential_is_not_warned_about(
    app: App, made: Made, clock: FixedClock
) -> None:
    """Provisioning doesn't stop when it expires."""
    clock.advance(364 * DAY)
    assert await _endings(app, made) == []


async def test_a_replaced_credential_is_not_warned_about_once_the_new_one_is_used(
    app: App, made: Made, clock: FixedClock
) -> None:
    """The replaced token expires the next day: its warning is shown until the client uses the new
    one.
    """
    await _use(app, made)
    issued = await credentials.rotate(
        app, operator_actor(ACCOUNT), made.id, "tokens", Replacement(24)
    )
    assert await _endings(app, made) == [(made.directory.tokens[0].id, 1)]
    clock.advance(60)
    await _use(app, made, issued.plain)
    assert await _endings(app, made) == []


async def test_the_alert_comes_30_14_and_3_days_before_once_each(
    app: App, made: Made, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """If no maintenance runs on such a day, the warning is logged by the next run."""
    caplog.set_level(logging.INFO, log.NAME)
    await _use(app, made)
    clock.advance(330 * DAY)
    seen = []
    for day in range(330, 365):
        caplog.clear()
        if day != 351:  # 14 days before: no run
            await credential_expiry.warn(app, await service.read(app, ACCOUNT, made.id))
        lines = [json.loads(record.getMessage()) for record in caplog.records]
        seen += [
            (day, line["days_before"]) for line in lines if line["event"] == "credential.ending"
        ]
        clock.advance(DAY)
    assert seen == [(335, 30), (352, 14), (362, 3)]


async def test_maintenance_warns_once_a_day(
    app: App, made: Made, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Maintenance runs each hour, and each directory is checked in one hour of the day."""
    caplog.set_level(logging.INFO, log.NAME)
    await _use(app, made)
    clock.advance(340 * DAY)
    for _ in range(24):
        clock.advance(3600)
        await maintenance.run(app, math.inf)
    assert sum("credential.ending" in record.getMessage() for record in caplog.records) == 1


async def test_a_directory_without_a_valid_credential_needs_attention(app: App, made: Made) -> None:
    """Every request would be refused, so it is shown before the first one."""
    await credentials.revoke(
        app, operator_actor(ACCOUNT), made.id, "tokens", made.directory.tokens[0].id
    )
    directory = await service.read(app, ACCOUNT, made.id)
    glance = await status.glance(app, directory)
    assert (glance.has_credential, glance.condition) == (False, "attention")


async def test_a_new_directory_waits_for_a_request_and_then_for_users(app: App, made: Made) -> None:
    """The condition is "waiting_for_call", then "waiting_for_people"."""
    directory = await service.read(app, ACCOUNT, made.id)
    assert (await status.glance(app, directory)).condition == "waiting_for_call"
    credential_usage.served(app, made.id)
    await app.background.drain()
    assert (await status.glance(app, directory)).condition == "waiting_for_people"
