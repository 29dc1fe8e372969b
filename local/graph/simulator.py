"""The state of the simulated cloud: tenants, people, applications, keys, faults and counters."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4, uuid5

from local.graph.applications import (
    TENANT_INFORMATION_ROLE,
    Application,
    FederatedCredential,
)
from local.graph.counters import Counters
from local.graph.faults import Faults
from local.graph.keys import KeyRing
from local.graph.people import (
    GLOBAL_ADMINISTRATOR,
    MEMBER,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    Consent,
    Person,
    Tenant,
)
from local.graph.presence import PresenceSource
from local.graph.throttle import Throttle
from shared.clock import Clock, SystemClock

CLIENT_ID = "6f1d6a52-51c5-4b3b-9f1c-5a9b6e1d0c01"
CLIENT_SECRET = "simulated-secret"
HOME_TENANT_ID = "0d6c1a00-7e1f-4a53-8d0a-0c0a7e4a0000"
CONTOSO = "c0a70500-3c1b-4b5e-9a51-1d2f6b8e0001"
FABRIKAM = "fab41ca0-8a2d-4f0b-b7c3-2e9d4c7a0002"
IDENTITY_CLIENT_ID = "1de27170-4f0e-4c38-8d5c-6f5b0a9c0003"
IDENTITY_PRINCIPAL_ID = "9a11ce00-2b6d-4a86-9d53-7c1e8f2b0004"
IDENTITY_HEADER = "simulated-identity-header"
_NAMESPACE = UUID("b1d5a1a4-8f3f-4c34-9a5e-0b7a7b1f5e22")


@dataclass(slots=True, kw_only=True)
class Options:
    """The options that can be changed at run time; times are in seconds."""

    latency: float = 0.0
    token_lifetime: int = 3599
    consent_delay: float = 0.0  # seconds after a consent in which tokens lack the role
    consent_delay_tokens: int = 0  # number of tokens after a consent that lack the role
    missing_principal: int = 700016  # error without service principal: this or 7000229
    missing_role: int = 403  # Graph's status for a token without the role: this or 401
    cancel: str = "consent_required"  # error of a refused consent: this or permission_denied
    id_token_roles: bool = True  # id_tokens have wids (groupMembershipClaims: DirectoryRole)
    tenant_information: bool = True  # the home tenant granted CrossTenantInformation.ReadBasic.All
    signed_in_as: str = ""  # user name that is signed in without a page


class Simulator:
    """All state of the simulator; `url` is its address, used for both the login service and Graph."""

    def __init__(
        self, clock: Clock | None = None, *, seed: int = 1, url: str = "http://127.0.0.1:8790"
    ) -> None:
        self._clock = clock or SystemClock()
        self._seed = seed
        self.url = url
        self.keys = KeyRing()
        self.counters = Counters()
        self.reset()

    def reset(self) -> None:
        """Reset all state: the home tenant, two customers' tenants, one application, no faults.

        Only the home tenant has consented.
        """
        self.options = Options()
        self.counters.reset()
        self.presence = PresenceSource(self._clock, self._seed)
        self.faults = Faults(self._clock)
        self.throttle = Throttle(self._clock)
        self.all_tenants_throttle = Throttle(self._clock, limit=2000, window=1.0)
        self.tenants: dict[str, Tenant] = {}
        self.codes: dict[str, Any] = {}
        self.applications = {
            CLIENT_ID: Application(
                client_id=CLIENT_ID, home_tenant_id=HOME_TENANT_ID, secrets={CLIENT_SECRET: True}
            ),
        }
        home = self.add_tenant("Simulated operator", "operator.example", tenant_id=HOME_TENANT_ID)
        home.add("Olga Operator", roles=frozenset((MEMBER, GLOBAL_ADMINISTRATOR)))
        self.consent(HOME_TENANT_ID)
        for name, domain, tenant_id in (
            ("Contoso", "contoso.example", CONTOSO),
            ("Fabrikam", "fabrikam.example", FABRIKAM),
        ):
            tenant = self.add_tenant(name, domain, tenant_id=tenant_id, crowd=200)
            tenant.add("Gloria Global", roles=frozenset((MEMBER, GLOBAL_ADMINISTRATOR)))
            tenant.add("Priya Privileged", roles=frozenset((MEMBER, PRIVILEGED_ROLE_ADMINISTRATOR)))
            tenant.add("Max Member", roles=frozenset((MEMBER,)))

    @property
    def clock(self) -> Clock:
        """The clock for everything except latency."""
        return self._clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self._clock = clock
        for part in (self.presence, self.faults, self.throttle, self.all_tenants_throttle):
            part.clock = clock

    @property
    def application(self) -> Application:
        """The application that exists after a reset."""
        return self.applications[CLIENT_ID]

    def issuer(self, tenant_id: str) -> str:
        """Return the `iss` of the tenant's tokens."""
        return f"{self.url}/{tenant_id}/v2.0"

    def add_tenant(
        self, name: str, domain: str = "", *, tenant_id: str = "", crowd: int = 0
    ) -> Tenant:
        """Add a tenant and return it; a missing ID is derived from the domain."""
        domain = (domain or f"{name.lower().replace(' ', '-')}.example").lower()
        tenant_id = (tenant_id or str(uuid5(_NAMESPACE, domain))).lower()
        tenant = self.tenants[tenant_id] = Tenant(
            tenant_id=tenant_id, domain=domain, name=name, crowd=crowd
        )
        return tenant

    def tenant(self, segment: str) -> Tenant | None:
        """Return the tenant with the ID or domain in a path, or None."""
        wanted = segment.lower()
        return self.tenants.get(wanted) or next(
            (t for t in self.tenants.values() if t.domain == wanted), None
        )

    def person(self, who: str) -> tuple[Tenant, Person] | None:
        """Return the tenant and the user with this user name or object ID, or None."""
        for tenant in list(self.tenants.values()):
            if found := tenant.find(who):
                return tenant, found
        return None

    # consent
    def sign_in(self, tenant_id: str, client_id: str = CLIENT_ID) -> Consent:
        """Create the service principal without permissions, as a first sign-in does, and return it."""
        return self.tenants[tenant_id].consents.setdefault(client_id, Consent())

    def consent(self, tenant_id: str, client_id: str = CLIENT_ID) -> Consent:
        """Grant the role, as an administrator does; tokens have it after the delay in the options."""
        granted = self.sign_in(tenant_id, client_id)
        granted.role, granted.granted_at = True, self._clock.monotonic()
        granted.tokens_without_role = self.options.consent_delay_tokens
        return granted

    def remove_role(self, tenant_id: str, client_id: str = CLIENT_ID) -> None:
        """Remove the permission and keep the service principal: new tokens have no `roles`."""
        self.sign_in(tenant_id, client_id).role = False

    def disable(self, tenant_id: str, client_id: str = CLIENT_ID) -> None:
        """Set "Enabled for users to sign in" to No."""
        self.sign_in(tenant_id, client_id).enabled = False

    def delete_principal(self, tenant_id: str, client_id: str = CLIENT_ID) -> None:
        """Delete the enterprise application."""
        self.tenants[tenant_id].consents.pop(client_id, None)

    def roles(self, tenant: Tenant, application: Application) -> tuple[str, ...]:
        """Return the `roles` of a token issued now: those that have consent or were assigned."""
        is_home = tenant.tenant_id == application.home_tenant_id
        is_assigned = is_home and self.options.tenant_information
        assigned = (TENANT_INFORMATION_ROLE,) if is_assigned else ()
        return (*self._consented_roles(tenant, application), *assigned)

    def _consented_roles(self, tenant: Tenant, application: Application) -> tuple[str, ...]:
        """Return the roles that have consent; () before it has propagated."""
        consent = tenant.consents[application.client_id]
        if not consent.role:
            return ()
        if consent.tokens_without_role > 0:
            consent.tokens_without_role -= 1
            return ()
        if self._clock.monotonic() - consent.granted_at < self.options.consent_delay:
            return ()
        return application.app_roles

    # tokens
    def token(
        self, tenant_id: str, audience: str, *, lifetime: int | None = None, **claims: Any
    ) -> str:
        """Return a token signed with the newest key; a claim that is None is left out."""
        return self.keys.sign(self.claims(tenant_id, audience, lifetime=lifetime, **claims))

    def claims(
        self, tenant_id: str, audience: str, *, lifetime: int | None = None, **claims: Any
    ) -> dict[str, Any]:
        """Return the claims of every token of a tenant; `claims` adds or replaces some, and None removes one."""
        now = int(self._clock.now().timestamp())
        every = {
            "aud": audience,
            "iss": self.issuer(tenant_id),
            "iat": now,
            "nbf": now,
            "exp": now + (self.options.token_lifetime if lifetime is None else lifetime),
            "tid": tenant_id,
            "uti": uuid4().hex[:22],
            "ver": "2.0",
        }
        return {name: value for name, value in (every | claims).items() if value is not None}

    def provisioning_assertion(
        self,
        tenant_id: str,
        audience: str,
        subject: str,
        *,
        lifetime: int = 3599,
        forged: bool = False,
        **claims: Any,
    ) -> str:
        """Return the assertion of Entra's provisioning service (RFC 7523 section 2.2).

        `forged` signs it with a key that is not published. `claims` adds or replaces claims, and
        None removes one.
        """
        usual = {
            "sub": subject,
            "oid": subject,
            "azp": subject,
            "idtyp": "app",
            "jti": str(uuid4()),
        }
        content = self.claims(tenant_id, audience, lifetime=lifetime, **(usual | claims))
        return self.keys.unpublished.sign(content) if forged else self.keys.sign(content)

    def trust_managed_identity(self) -> FederatedCredential:
        """Make the application trust the simulated managed identity, as the Bicep registration does."""
        credential = FederatedCredential(self.issuer(HOME_TENANT_ID), IDENTITY_PRINCIPAL_ID)
        self.application.federated.append(credential)
        return credential
