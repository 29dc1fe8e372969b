"""The signed-in user, from the platform's header, and when the header isn't trusted."""

import base64

import orjson
import pytest

from shared.easy_auth import ADMIN, READER, TESTER, principal, require_admin, require_reader
from shared.http import HttpError, Request
from shared.settings import Settings

_ON = Settings.read({"WEBSITE_AUTH_ENABLED": "True"})
_OFF = Settings.read({})


def _request(*roles: str, tenant: str = "AAAAAAAA-0000-4000-8000-000000000001") -> Request:
    claims = [
        {"typ": "http://schemas.microsoft.com/identity/claims/tenantid", "val": tenant},
        {"typ": "http://schemas.microsoft.com/identity/claims/objectidentifier", "val": "oid"},
        {"typ": "name", "val": "Ada"},
        *({"typ": "roles", "val": role} for role in roles),
    ]
    header = base64.b64encode(orjson.dumps({"auth_typ": "aad", "claims": claims})).decode()
    return Request("GET", "https://host/", {"x-ms-client-principal": header})


def test_the_account_is_the_tenant_in_lower_case() -> None:
    """Tenant ids are compared as text, and claims come in any case."""
    assert principal(_request(READER), _ON).account == "aaaaaaaa-0000-4000-8000-000000000001"


def test_the_header_is_not_trusted_without_the_platform() -> None:
    """Anyone can send it; only the platform in front of the app removes it from requests."""
    with pytest.raises(HttpError) as refused:
        principal(_request(ADMIN), _OFF)
    assert refused.value.response.status == 401


@pytest.mark.parametrize(
    "header",
    ["", "not base64!", base64.b64encode(b"[]").decode(), base64.b64encode(b"{}").decode()],
)
def test_a_broken_header_signs_no_one_in(header: str) -> None:
    """A malformed header is as none."""
    with pytest.raises(HttpError) as refused:
        principal(Request("GET", "https://host/", {"x-ms-client-principal": header}), _ON)
    assert refused.value.response.status == 401


def test_a_user_without_a_tenant_is_not_signed_in() -> None:
    """The account separates customers, so every user needs one."""
    with pytest.raises(HttpError):
        principal(_request(ADMIN, tenant=""), _ON)


def test_a_reader_is_no_administrator() -> None:
    """App role Directory.Reader sees contacts and sets nothing up."""
    assert require_reader(_request(READER), _ON).name == "Ada"
    with pytest.raises(HttpError) as refused:
        require_admin(_request(READER), _ON)
    assert refused.value.response.status == 403


def test_an_administrator_may_read() -> None:
    """App role Directory.Admin includes all rights of a reader."""
    assert require_reader(_request(ADMIN), _ON).is_admin


def test_a_user_without_a_role_has_no_access() -> None:
    """Membership of the tenant isn't enough."""
    with pytest.raises(HttpError) as refused:
        require_reader(_request(), _ON)
    assert refused.value.response.status == 403


def test_the_smoke_test_works_in_an_account_of_its_own() -> None:
    """App role Deployment.Test administers directories there, and sees none of its tenant's."""
    tester = require_admin(_request(TESTER), _ON)
    assert tester.account != principal(_request(ADMIN), _ON).account
    assert tester.account == require_admin(_request(TESTER), _ON).account
    other = "bbbbbbbb-0000-4000-8000-000000000001"
    assert tester.account != require_admin(_request(TESTER, tenant=other), _ON).account


def test_the_test_role_adds_nothing_to_another_role() -> None:
    """A reader who also has it stays a reader of the own tenant."""
    both = principal(_request(READER, TESTER), _ON)
    assert both.account == principal(_request(READER), _ON).account
    assert not both.is_admin
