"""Select the user who signs in: named by the request (tests), already signed in, or chosen on the page."""

from collections.abc import Mapping

from local.graph.discovery import ANY_TENANT
from local.graph.login_errors import LoginError
from local.graph.people import Person, Tenant
from local.graph.simulator import Simulator

Choice = tuple[Tenant, Person]


def tenant_of_path(simulator: Simulator, segment: str) -> Tenant | None:
    """Return the tenant of the path; None if users of any tenant may sign in.

    Raise LoginError 90002 if the tenant is unknown.
    """
    tenant = simulator.tenant(segment)
    if tenant is None and segment not in ANY_TENANT:
        raise LoginError(90002, tenant=segment)
    return tenant


def people(simulator: Simulator, tenant: Tenant | None) -> list[Choice]:
    """Return all users whom the page offers, each with the tenant."""
    tenants = [tenant] if tenant else list(simulator.tenants.values())
    return [(each, person) for each in tenants for person in list(each.people.values())]


def chosen(
    simulator: Simulator, tenant: Tenant | None, parameters: Mapping[str, str]
) -> Choice | None:
    """Return the user whom the request names, else the signed-in user; None if the page has to ask.

    Raises:
        LoginError: 50020 for a user of another tenant.
    """
    named = parameters.get("sign_in_as", "")
    signed_in = (
        ""
        if parameters.get("prompt") in ("login", "select_account")
        else simulator.options.signed_in_as
    )
    if not (who := named or signed_in):
        return None
    found = simulator.person(who)
    if found is None or (tenant is not None and found[0] is not tenant):
        if not named:
            return None
        raise LoginError(50020, detail=f"'{who}'", tenant=tenant.tenant_id if tenant else "")
    return found
