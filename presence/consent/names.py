"""The name and primary domain of a connection's tenant, read when consent is given and again every week.

They are stored with the connection, so that no page waits for Microsoft. See
`graph.tenant_information` for their source and rules.
"""

import random
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from presence import tenant_links
from presence.graph.tenant_information import TenantName
from presence.instance import runtime_of
from presence.tenant_links import DirectoryLink
from shared.app import App
from shared.clock import DAY, is_recent, now_ms

KEPT = 7 * DAY
MAX_TENANTS = 50  # tenants per run


async def named(app: App, link: DirectoryLink) -> DirectoryLink:
    """Return the connection with its tenant's name, or unchanged if the name can't be read now."""
    found = await runtime_of(app).names.find(link.tenant_id)
    return link if found is None else _with_name(app, link, found)


def carried(link: DirectoryLink, before: DirectoryLink) -> DirectoryLink:
    """Return `link` with the tenant's name from `before`, the directory's earlier connection.

    Return `link` unchanged if it already has a name, or if `before` was to another tenant.
    """
    if link.named_at or before.tenant_id != link.tenant_id:
        return link
    return replace(
        link,
        tenant_name=before.tenant_name,
        tenant_domain=before.tenant_domain,
        named_at=before.named_at,
        named_tenant=before.named_tenant,
    )


async def refresh(app: App, links: Iterable[DirectoryLink]) -> None:
    """Read and store names that are missing or more than a week old, of at most 50 tenants.

    One request to Graph per tenant. It stops at the first name that can't be read, because without
    the role, or while Graph refuses, the others can't be read either. The order of the tenants is
    random, so that one that always fails doesn't always stop the others.
    """
    now = now_ms(app.clock)
    due: dict[str, list[DirectoryLink]] = {}
    for link in links:
        if link.state != "removed" and not is_recent(link.named_at, now, KEPT):
            due.setdefault(link.tenant_id, []).append(link)
    for tenant_id in random.sample(list(due), min(len(due), MAX_TENANTS)):
        found = await runtime_of(app).names.find(tenant_id)
        if found is None:
            return
        for link in due[tenant_id]:
            with suppress(tenant_links.LinkConflict):  # it was changed; the next run reads it
                await tenant_links.save_link(app.tables, _with_name(app, link, found))


def company_words(name: str, domain: str, tenant_id: str = "") -> str:
    """Return a company for use in a sentence, such as "Contoso (contoso.com, 3f…)", without its empty parts.

    A name with right-to-left letters is isolated, so that it doesn't reorder the following text
    (Unicode Standard Annex 9).
    """
    if any(unicodedata.bidirectional(one) in ("R", "AL") for one in name):
        name = f"\u2068{name}\u2069"
    first, *others = [part for part in (name, domain, tenant_id) if part]
    return f"{first} ({', '.join(others)})" if others else first


def _with_name(app: App, link: DirectoryLink, found: TenantName) -> DirectoryLink:
    return replace(
        link,
        tenant_name=found.name,
        tenant_domain=found.domain,
        named_at=now_ms(app.clock),
        named_tenant=link.tenant_id,
    )
