"""The name and primary domain of a connection's tenant: read with the consent, and again every week.

They are stored with the connection, so no page waits for Microsoft. Source and rules: `graph.tenant_information`.
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
MAX_TENANTS = 50  # that one run asks for


async def named(app: App, link: DirectoryLink) -> DirectoryLink:
    """Return the connection with its tenant's name, or as it is if the name can't be read now."""
    found = await runtime_of(app).names.find(link.tenant_id)
    return link if found is None else _with_name(app, link, found)


def carried(link: DirectoryLink, before: DirectoryLink) -> DirectoryLink:
    """Return a new connection with the name that an earlier one to the same tenant has, if it has none itself."""
    if link.named_at or before.tenant_id != link.tenant_id:
        return link
    return replace(
        link,
        tenant_name=before.tenant_name,
        tenant_domain=before.tenant_domain,
        named_at=before.named_at,
    )


async def refresh(app: App, links: Iterable[DirectoryLink]) -> None:
    """Read names that are missing or a week old, of at most 50 tenants. One Graph call per tenant.

    Ends at the first name that can't be read: without the role, or while Graph refuses, the others can't be either.
    Which tenants come first is left to chance, so that one that always fails doesn't keep the others from their turn.
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
    """Return a company in a sentence: "Contoso (contoso.com, 3f…)", without the parts that are "".

    A name with letters that are written from right to left is isolated, so that it doesn't reorder what follows (Unicode
    Standard Annex 9).
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
    )
