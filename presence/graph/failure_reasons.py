"""Why presence does not come: each reason with a sentence and a remedy, and how Microsoft's errors map to them.

The numbers of AADSTS errors (learn.microsoft.com/entra/identity-platform/reference-error-codes) are hints that may
change; `error` is the contract, but it says the same of a tenant that removed us and of a credential of ours that is
wrong. So where an error leaves that open, a token for our own tenant decides whose fault it is (`Fault.is_doubtful`).
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["consent", "operator", "passing"]


@dataclass(frozen=True, slots=True)
class Reason:
    """`kind`: consent is the company's to give back, operator is ours to repair, passing heals by itself."""

    code: str
    kind: Kind
    sentence: str
    remedy: str


_AGAIN = "Sign in again with an administrator of the company and accept."
_TABLE = (
    Reason(
        "deleted",
        "consent",
        "The enterprise application was deleted in the company's Entra ID, or consent was never given.",
        _AGAIN,
    ),
    Reason(
        "no_role",
        "consent",
        "The permission to read presence was taken from the enterprise application.",
        "Sign in again, or grant admin consent at the enterprise application under Permissions.",
    ),
    Reason(
        "disabled",
        "consent",
        "The enterprise application is disabled.",
        "In Entra ID, at the enterprise application under Properties, set 'Enabled for users to sign in' to Yes.",
    ),
    Reason(
        "tenant_not_found",
        "consent",
        "Microsoft does not know this tenant any more, or it is in another Microsoft cloud.",
        "Check the tenant's id and cloud; then remove access here and connect the right tenant.",
    ),
    Reason(
        "blocked",
        "consent",
        "A Conditional Access policy of the company blocks the application.",
        "Let the company exclude the enterprise application from the policy that blocks workload identities.",
    ),
    Reason(
        "refused",
        "consent",
        "Microsoft Graph refuses to read presence although the permission is there.",
        "Check that the company has Teams, and that no policy limits access to presence; then check again.",
    ),
    Reason(
        "own_credential",
        "operator",
        "This service cannot prove its own identity to Microsoft at the moment. Nothing has to be done by the company.",
        "The operator is told; statuses return by themselves.",
    ),
    Reason(
        "not_set_up",
        "operator",
        "This deployment has no app registration for presence yet.",
        "The operator sets PRESENCE_CLIENT_ID and a credential; see the deployment guide.",
    ),
    Reason(
        "throttled",
        "passing",
        "Microsoft asked for fewer calls; statuses are read more slowly for a moment.",
        "Nothing has to be done.",
    ),
    Reason(
        "unavailable",
        "passing",
        "Microsoft does not answer at the moment.",
        "Nothing has to be done; statuses return by themselves.",
    ),
)
REASONS = {reason.code: reason for reason in _TABLE}

_BY_NUMBER = {
    700016: "deleted",
    7000229: "deleted",
    65001: "deleted",
    7000112: "disabled",
    70001: "disabled",
    90002: "tenant_not_found",
    90038: "tenant_not_found",
    900432: "tenant_not_found",
    53003: "blocked",
    530032: "blocked",
    530035: "blocked",
    7000215: "own_credential",
    7000216: "own_credential",
    7000222: "own_credential",
    700023: "own_credential",
    700024: "own_credential",
    700027: "own_credential",
    70021: "own_credential",
    700211: "own_credential",
    700212: "own_credential",
    700213: "own_credential",
    50194: "own_credential",
    50196: "throttled",
    90055: "throttled",
    90033: "unavailable",
}
_BY_ERROR = {
    "unauthorized_client": "deleted",
    "temporarily_unavailable": "unavailable",
    "server_error": "unavailable",
    "invalid_client": "own_credential",
}


@dataclass(eq=False)
class Fault(Exception):
    """No token, and why. `is_doubtful`: the answer could also be due to the other side (see above).

    `status`: of the answer, 0 where there was none.
    """

    reason: str
    codes: tuple[int, ...] = ()
    retry_after: int | None = None
    is_doubtful: bool = False
    status: int = 0


def fault_of(status: int, error: str, codes: tuple[int, ...], retry_after: int | None) -> Fault:
    """What an answer of the login service means; status 0: there was none."""
    by_number = next((_BY_NUMBER[code] for code in codes if code in _BY_NUMBER), None)
    is_open = status in (400, 401) and error in ("invalid_client", "unauthorized_client")
    if by_number is not None:
        reason = by_number
        is_open = is_open or by_number == "own_credential"
    elif status == 429:
        reason = "throttled"
    elif status == 0 or status >= 500:
        reason = "unavailable"
    else:
        reason = _BY_ERROR.get(error, "unavailable")
    return Fault(reason, codes, retry_after, is_open, status)
