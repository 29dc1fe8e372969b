"""The signed-in user as described by App Service Authentication in a request header.

The platform removes that header from incoming requests and sets its own. So the header is trusted
only if the platform's sign-in is on
(learn.microsoft.com/azure/app-service/configure-authentication-user-identities).
"""

import base64
import binascii
import uuid
from dataclasses import dataclass
from functools import lru_cache

import orjson

from shared.http import HttpError, Request
from shared.messages import Message
from shared.settings import Settings

ADMIN = "Directory.Admin"
READER = "Directory.Reader"
TESTER = "Deployment.Test"
_TEST_ACCOUNTS = uuid.UUID("0b3f7a52-6d0c-4f35-9a51-8c1f0f3f2d7e")
_HEADER = "x-ms-client-principal"
_TENANT = ("http://schemas.microsoft.com/identity/claims/tenantid", "tid")
_OBJECT = ("http://schemas.microsoft.com/identity/claims/objectidentifier", "oid")
_ROLE = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
_GROUPS = ("groups", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups")
_NAME = ("name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "preferred_username")


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A signed-in user.

    Attributes:
        account: The ID of the Entra tenant that the user belongs to.
        groups: The object IDs, in lower case, of the user's Entra groups, if the app registration is
            configured to send them.
        has_all_groups: False if the user is in too many groups for a token; Entra then sends none.
    """

    account: str
    object_id: str
    name: str
    roles: frozenset[str]
    groups: frozenset[str] = frozenset()
    has_all_groups: bool = True

    @property
    def is_admin(self) -> bool:
        """Whether the user has the role of administrators, who may create and change directories."""
        return ADMIN in self.roles


def principal(request: Request, settings: Settings) -> Principal:
    """Return the user of `request`; raise HttpError 401 if no user is signed in or the platform's sign-in is off."""
    if not settings.platform_sign_in:
        raise HttpError(401, Message("sign_in_off"))
    header = request.headers.get(_HEADER)
    person = _read(header) if header else None
    if person is None:
        raise HttpError(401, Message("not_signed_in"))
    return person


def require_reader(request: Request, settings: Settings) -> Principal:
    """Return the signed-in user, who may see contacts; raise HttpError 401 without a user, 403 without a role."""
    person = principal(request, settings)
    if not person.roles & {ADMIN, READER}:
        raise HttpError(403, Message("needs_reader"))
    return person


def require_admin(request: Request, settings: Settings) -> Principal:
    """Return the signed-in administrator; raise HttpError 401 without a user, 403 for a user of another role."""
    person = principal(request, settings)
    if not person.is_admin:
        raise HttpError(403, Message("needs_admin"))
    return person


@lru_cache(maxsize=1024)
def _read(header: str) -> Principal | None:
    try:
        claims = [
            (str(claim["typ"]), str(claim["val"]))
            for claim in orjson.loads(base64.b64decode(header))["claims"]
        ]
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None
    account = _first(claims, _TENANT)
    if not account:
        return None
    roles = frozenset(value for kind, value in claims if kind in _ROLE)
    account = account.lower()
    if roles == {TESTER}:
        account, roles = _test_account(account), frozenset({ADMIN})
    return Principal(
        account=account,
        object_id=_first(claims, _OBJECT),
        name=_first(claims, _NAME),
        roles=roles,
        groups=frozenset(value.lower() for kind, value in claims if kind in _GROUPS),
        has_all_groups=not _has_overage(claims),
    )


def _has_overage(claims: list[tuple[str, str]]) -> bool:
    """Return whether the token leaves the groups out, because the user is in more than 200.

    Its claims then refer to Microsoft Graph for them
    (learn.microsoft.com/entra/identity-platform/id-token-claims-reference, "Groups overage claim").
    """
    elsewhere = dict(claims)
    names = elsewhere.get("_claim_names", "")
    return "groups" in names or elsewhere.get("hasgroups", "").lower() == "true"


def _test_account(account: str) -> str:
    """Return the account that a deployment's smoke test administers: a UUID derived from its tenant's ID.

    The result is not the ID of any tenant. So no user belongs to that account, and the test sees no
    data of a real account.
    """
    return str(uuid.uuid5(_TEST_ACCOUNTS, account))


def _first(claims: list[tuple[str, str]], kinds: tuple[str, ...]) -> str:
    return next((value for kind in kinds for claim, value in claims if claim == kind), "")
