"""The dialog that shows, sets and removes the trusted identity, which signs assertions in place of a secret."""

from directories import credentials, service
from directories.errors import InvalidField
from directories.models import TrustedIdentity
from shared.http import Response
from web.page_request import PageRequest
from web.render import dialog
from web.translations import fault_text

_FIELDS = ("tenantId", "issuer", "jwksUri", "subject", "audiences")


async def ask(visit: PageRequest) -> Response:
    """Show the dialog with the present identity."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    trust = directory.trust or TrustedIdentity(tenant_id="", subject="", audiences=())
    values = {
        "tenantId": trust.tenant_id,
        "issuer": trust.issuer,
        "jwksUri": trust.jwks_uri,
        "subject": trust.subject,
        "audiences": ", ".join(trust.audiences),
    }
    return await _dialog(visit, values, {})


async def save(visit: PageRequest) -> Response:
    """Store the submitted identity, or remove the identity if the form has the field `remove`."""
    values = {name: visit.form.get(name, "").strip() for name in _FIELDS}
    trust = None
    if "remove" not in visit.form:
        trust = TrustedIdentity(
            tenant_id=values["tenantId"],
            subject=values["subject"],
            audiences=tuple(values["audiences"].replace(",", " ").split()),
            issuer=values["issuer"],
            jwks_uri=values["jwksUri"],
        )
    try:
        await credentials.set_trust(visit.app, visit.actor, visit.directory_id, trust)
    except InvalidField as fault:
        return await _dialog(visit, values, {fault.field: fault_text(visit, fault)}, status=422)
    return visit.go(f"/directories/{visit.directory_id}/credentials")


async def _dialog(
    visit: PageRequest, values: dict[str, str], faults: dict[str, str], status: int = 200
) -> Response:
    return dialog(
        visit,
        "trust.html",
        status=status,
        directory=await service.read(visit.app, visit.account, visit.directory_id),
        values=values,
        faults=faults,
        key_hosts=sorted(visit.app.settings.trusted_key_hosts),
        has_trust=bool(values["subject"]),
    )
