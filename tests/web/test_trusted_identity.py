"""The form for the trusted identity of a directory, which replaces a client secret."""

from urllib.parse import urlencode

from directories import service
from directories.audit import operator_actor
from directories.service import NewDirectory
from shared.app import App
from tests.web.conftest import ACCOUNT, Visitor

TENANT = "7f0c7c5e-8f5d-4a0e-9d6c-1d5f3a2b4c6d"
SUBJECT = "0b3d4f6a-2c1e-4b7a-8f9d-5e6a7b8c9d0e"


async def test_an_identity_is_set_shown_and_removed(app: App, visit: Visitor) -> None:
    """A wrong value keeps the typed text and gets the remedy."""
    directory, _ = await service.create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    page = f"/directories/{directory.id}/credentials"
    form = f"/directories/{directory.id}/trust"
    assert b"No identity is trusted." in (await visit("GET", page)).body
    assert b'name="jwksUri"' in (await visit("GET", form)).body
    fields = {"tenantId": TENANT, "subject": "x", "audiences": "api://a, api://b"}
    wrong = await visit("POST", form, urlencode(fields))
    assert wrong.status == 422
    assert b"subject is not a GUID" in wrong.body
    assert TENANT.encode() in wrong.body
    other = {"issuer": "https://id.example", "jwksUri": "https://id.example/k", "subject": "x"}
    refused = await visit("POST", form, urlencode({**other, "audiences": "a"}))
    assert b"TRUSTED_KEY_HOSTS" in refused.body
    assert (await visit("POST", form, urlencode({**fields, "subject": SUBJECT}))).status == 303
    shown = (await visit("GET", page)).body
    assert SUBJECT.encode() in shown
    assert b"api://a, api://b" in shown
    assert (await visit("POST", form, "remove=1")).status == 303
    assert b"No identity is trusted." in (await visit("GET", page)).body
