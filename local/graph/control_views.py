"""What the control shows of the state, ready for JSON."""

import dataclasses
from typing import Any

from local.graph.applications import Application
from local.graph.people import Tenant


def of_tenant(tenant: Tenant) -> dict[str, Any]:
    """One tenant with its people who can sign in."""
    return {
        "id": tenant.tenant_id,
        "domain": tenant.domain,
        "name": tenant.name,
        "crowd": tenant.crowd,
        "known": len(tenant.known),
        "anyone": tenant.anyone,
        "unlicensed_share": tenant.unlicensed_share,
        "unknown_ids": tenant.unknown_ids,
        "style": tenant.style,
        "moving": tenant.moving,
        "consents": {client: consent.state for client, consent in tenant.consents.items()},
        "people": [
            {
                "id": person.object_id,
                "name": person.name,
                "user_name": person.user_name,
                "administrator": person.is_administrator,
            }
            for person in tenant.people.values()
        ],
    }


def of_application(application: Application) -> dict[str, Any]:
    """One app registration without its secrets."""
    return {
        "client_id": application.client_id,
        "name": application.name,
        "home_tenant_id": application.home_tenant_id,
        "redirects": sorted(application.redirects),
        "secrets": len(application.secrets),
        "certificates": len(application.certificates),
        "federated": [dataclasses.asdict(one) for one in application.federated],
    }
