"""Why presence can't be read: the reasons, and how errors of Microsoft's login service map to them.

AADSTS numbers (learn.microsoft.com/entra/identity-platform/reference-error-codes) are hints that
Microsoft may change; `error` is the contract (RFC 6749 section 5.2), but it is the same for a tenant
that removed the app and for a wrong credential of the app. If an answer leaves that open
(`Fault.is_doubtful`), a token request for the app's home tenant decides (`fault_attribution`).
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["consent", "operator", "passing"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason with the text for people.

    `kind` says who can end it: the company (`consent`), the operator of this service (`operator`), or
    time (`passing`). `of_tenant` is true if the whole tenant is closed to the app, so that asking
    more often than every ten minutes is useless.
    """

    code: str
    kind: Kind
    sentence: str
    remedy: str
    of_tenant: bool = False


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
        of_tenant=True,
    ),
    Reason(
        "tenant_blocked",
        "consent",
        "Microsoft has blocked the company's tenant, for example because nobody used it for a long time.",
        "An administrator of the company asks Microsoft to reactivate it (aka.ms/TenantReactivation). "
        "If the company has moved to another tenant, remove access here and connect that one.",
        of_tenant=True,
    ),
    Reason(
        "access_policy",
        "consent",
        "A cross-tenant access policy or tenant restriction refuses this service access to the company's tenant.",
        "In Entra ID, let the company allow the application under External Identities, Cross-tenant access settings.",
        of_tenant=True,
    ),
    Reason(
        "graph_missing",
        "consent",
        "Microsoft Graph, from which presence is read, is missing or disabled in the company's tenant.",
        "In Entra ID, restore or enable the enterprise application Microsoft Graph "
        "(application ID 00000003-0000-0000-c000-000000000000); then check again.",
    ),
    Reason(
        "not_assigned",
        "consent",
        "An enterprise application in the company's tenant requires an assignment that this service does not have.",
        "In Entra ID, set 'Assignment required?' to No in the Properties of the enterprise application "
        "Microsoft Graph, or grant admin consent to this service again.",
    ),
    Reason(
        "unexpected",
        "consent",
        "Microsoft refuses a token for this company's tenant with an error that this service does not know.",
        "Look up the error in the company's Entra sign-in logs, under Service principal sign-ins; then check again.",
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
        "misconfigured",
        "operator",
        "Microsoft rejects the way this service asks for access. Nothing has to be done by the company.",
        "The operator checks the app registration for presence; see the deployment guide.",
    ),
    Reason(
        "wrong_company",
        "consent",
        "Microsoft knows none or few of this directory's people in the connected tenant. "
        "This is probably the wrong company.",
        "Check that the External ID of each person is the Object ID in Entra ID. If the tenant is the "
        "wrong one, remove access and sign in as an administrator of the right company.",
    ),
    Reason(
        "timer_stopped",
        "operator",
        "No presence has been read lately although Microsoft reports no error: the timer of this service, "
        "or its queue, is not running.",
        "The operator checks that the app is running and its timer is enabled; see the operations guide.",
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
        "Microsoft does not answer at the moment, or answers with errors of its own.",
        "Nothing has to be done; statuses return by themselves.",
    ),
    Reason(
        "throttled_long",
        "operator",
        "Microsoft has limited the calls of this service for more than an hour.",
        "The operator sets a longer interval between syncs (PRESENCE_INTERVAL_SECONDS).",
    ),
    Reason(
        "unavailable_long",
        "operator",
        "Microsoft has not answered this service for more than an hour.",
        "The operator checks Microsoft's service health and whether the app reaches the internet.",
    ),
)
REASONS = {reason.code: reason for reason in _TABLE}

# What is said of a passing fault that does not pass.
AFTER_AN_HOUR = {"throttled": "throttled_long", "unavailable": "unavailable_long"}

_NUMBERS: dict[str, tuple[int, ...]] = {
    "deleted": (65001, 65002, 650051, 700011, 700016, 7000229, 90008, 90099),
    "disabled": (70001, 7000112, 1000031),
    "tenant_not_found": (
        *(50059, 50128, 90002, 90019, 90038, 90043, 90051),
        *(900021, 900023, 900382, 900432),
    ),
    "tenant_blocked": (5000224, 5000225),
    "access_policy": (50002, 500021, 500022, 500212, 500213, 1000104),
    "graph_missing": (50001, 500011, 500014, 500141, 650052, 650054, 650057),
    "not_assigned": (50105, 501051),
    "blocked": (
        *(50005, 50097, 50131, 50155, 50158, 53000, 53001, 53002, 53003, 53004, 53009, 53010),
        *(53011, 530021, 530032, 530034, 530035, 530036, 530037, 530084),
    ),
    "own_credential": (
        *(50006, 50012, 50013, 50027, 50048, 500133, 70002, 70021, 700021, 700023, 700024, 700025),
        *(700027, 700030, 700211, 700212, 700213, 700214, 700229, 900384),
        *(7000215, 7000216, 7000218, 7000222, 7002111, 7002112, 7002138),
    ),
    "misconfigured": (
        *(50003, 50010, 50011, 50049, 50146, 50194, 65005, 650053, 650056, 70003, 70004, 70005),
        *(70007, 70011, 700022, 700054, 90004, 90009, 90013, 90014, 90015, 90023, 90100, 90102),
        *(900144, 900561, 900971, 901002, 1002012, 1002016, 9001023, 9002313),
    ),
    "throttled": (50088, 50196, 90055),
    "unavailable": (
        *(40010, 50000, 50033, 50087, 50166, 70012, 90006, 90012, 90024, 90033, 90036),
        *(90085, 90090, 90091),
    ),
}
BY_NUMBER = {number: reason for reason, numbers in _NUMBERS.items() for number in numbers}
_BY_ERROR = {
    "unauthorized_client": "deleted",
    "invalid_client": "own_credential",
    "invalid_resource": "graph_missing",
    "invalid_target": "graph_missing",
    "access_denied": "unexpected",
    "consent_required": "deleted",
    "interaction_required": "unexpected",
    "invalid_grant": "unexpected",
    "login_required": "unexpected",
    "invalid_request": "misconfigured",
    "invalid_scope": "misconfigured",
    "unsupported_grant_type": "misconfigured",
    "unsupported_response_type": "misconfigured",
    "temporarily_unavailable": "unavailable",
    "server_error": "unavailable",
}
_FROM_GATEWAY = frozenset({407, 408, 425})  # an intermediary's, not the login service's


@dataclass(eq=False)
class Fault(Exception):
    """No token could be had.

    `is_doubtful`: this app or the tenant may be at fault (see the module). `status` is that of the
    answer, 0 if there was none; `retry_after` is in seconds.
    """

    reason: str
    codes: tuple[int, ...] = ()
    retry_after: float | None = None
    is_doubtful: bool = False
    status: int = 0


def fault_of(status: int, error: str, codes: tuple[int, ...], retry_after: float | None) -> Fault:
    """Return what an error of the login service means.

    Args:
        status: The HTTP status; 0 if there was no answer.
        error: The `error` of RFC 6749 section 5.2; "" if the body has none.
        codes: The AADSTS numbers of `error_codes`.
        retry_after: The seconds that Retry-After asks for.
    """
    known = next((BY_NUMBER[code] for code in codes if code in BY_NUMBER), None)
    reason = known or _reason_without_number(status, error)
    is_shared = status in (400, 401) and error in ("invalid_client", "unauthorized_client")
    is_guess = known is None and reason in ("misconfigured", "unexpected")
    is_doubtful = is_shared or is_guess or reason == "own_credential"
    return Fault(reason, codes, retry_after, is_doubtful, status)


def _reason_without_number(status: int, error: str) -> str:
    if status == 429:
        return "throttled"
    if status == 0 or status >= 500 or status in _FROM_GATEWAY:
        return "unavailable"
    if error:
        return _BY_ERROR.get(error, "unexpected")
    return "unavailable"  # a page of something between us and Microsoft
