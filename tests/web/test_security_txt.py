"""`/.well-known/security.txt` over real HTTP."""

from pathlib import Path

from local.host.running import ROOT, running
from tests.local.host.wire import ask

PATH = "/.well-known/security.txt"
SIGNED_OUT = {"Cookie": "LocalSignIn=out"}


async def test_security_txt_has_the_operators_contact_without_sign_in(tmp_path: Path) -> None:
    """RFC 9116 sections 2.5.3 and 2.5.5: Contact and Expires are required."""
    settings = {
        "TABLES": f"sqlite:///{tmp_path}/x.db",
        "SECURITY_CONTACT": "mailto:security@example.com",
        "PUBLIC_URL": "https://people.example.com",
    }
    async with running(ROOT / "function_app.py", settings) as host:
        reply = await ask(host.port, PATH, headers=SIGNED_OUT)
    assert (reply.status, reply.one("Content-Type")) == (200, "text/plain; charset=utf-8")
    fields = dict(line.split(": ", 1) for line in reply.body.decode().splitlines())
    assert fields["Contact"] == "mailto:security@example.com"
    assert fields["Canonical"] == "https://people.example.com/.well-known/security.txt"
    assert fields["Expires"].endswith("T00:00:00Z")


async def test_without_a_contact_security_txt_does_not_exist(tmp_path: Path) -> None:
    """RFC 9116 section 2.5.3: a file without Contact isn't valid, so 404."""
    async with running(ROOT / "function_app.py", {"TABLES": f"sqlite:///{tmp_path}/x.db"}) as host:
        assert (await ask(host.port, PATH, headers=SIGNED_OUT)).status == 404
