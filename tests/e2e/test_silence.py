"""No log line of a whole run contains a name, a number, an address or a token."""

import logging
from pathlib import Path

import orjson
import pytest

from directories.audit import operator_actor
from local import entra
from local.entra import Options
from local.entra.people import Company
from local.host.host import HostOptions
from local.host.running import ROOT, running
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings
from shared.tables.open import open_tables
from tests.scim.conftest import ACCOUNT

pytestmark = pytest.mark.slow
PEOPLE = 40
SEED = 7


async def test_log_of_a_provisioning_run_names_no_person(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """All cycles, a refused user, a wrong token and an access log, with the lines of every
    logger.
    """
    from directories import service
    from directories.service import NewDirectory

    caplog.set_level(logging.DEBUG)
    where = f"sqlite:///{tmp_path}/app.db"
    settings = Settings.read({"TABLES": where})
    app = App(settings, SystemClock(), open_tables(settings))
    directory, token = await service.create(
        app, operator_actor(ACCOUNT), NewDirectory("Contoso Confidential", strict_numbers=True)
    )
    await app.close()
    async with running(
        ROOT / "function_app.py", {"TABLES": where}, options=HostOptions(timers=False)
    ) as host:
        base = f"{host.url}/scim/{directory.id}/v2"
        summary = await entra.run(
            Options(base=base, token=token, people=PEOPLE, groups=2, seed=SEED)
        )
        wrong = Options(
            base=base, token="extdir_wrong-and-secret", people=1, cycles=("connect",), patience=0
        )
        await entra.run(wrong)
    assert summary.requests > PEOPLE
    lines = [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("asyncio", "aiohttp"))
    ]
    said = "\n".join(line for line in lines if not line.startswith("Using selector"))
    events = {orjson.loads(line)["event"] for line in lines if line.startswith("{")}
    assert {"provisioning.refused", "metrics.calls"} <= events
    company, secrets = Company(SEED), [token, "extdir_", "Confidential", "@"]
    for number in range(PEOPLE):
        person = company.person(number)
        secrets += [
            person.user_principal_name,
            person.given_name,
            person.surname,
            person.mail,
            person.object_id,
        ]
        secrets += filter(None, [person.business_phone, person.mobile_phone])
    words = {secret for secret in secrets if len(secret) > 3 or secret == "@"}
    assert [word for word in words if word in said] == []
    assert not any(part.isdigit() and len(part) >= 7 for part in said.replace('"', " ").split())
