"""How an attempt to connect ended: what the page shows after the return from Microsoft.

Errors of the authorization endpoint are those of RFC 6749 section 4.1.2.1 and OpenID Connect Core section
3.1.2.6; the AADSTS numbers are on learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from presence.graph.failure_reasons import BY_NUMBER

Tone = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code` stands in the address of the page; the rest is for people."""

    code: str
    tone: Tone
    title: str
    sentence: str
    remedy: str = ""


_TABLE = (
    Outcome(
        "consented",
        "good",
        "Consent given",
        "Microsoft is spreading the permission; this page goes on by itself.",
    ),
    Outcome(
        "declined",
        "warn",
        "Not accepted",
        "The request for permission was cancelled or declined at Microsoft.",
        "Start again and choose Accept, or choose not to sync presence.",
    ),
    Outcome(
        "not_admin",
        "warn",
        "Not an administrator",
        "The account that signed in is neither Global Administrator nor Privileged Role Administrator of its company.",
        "Start again and sign in with such an account, or ask a colleague who has one.",
    ),
    Outcome(
        "needs_approval",
        "warn",
        "Approval needed",
        "The company's Entra ID wants an administrator to approve the application first.",
        "Let a Global Administrator or Privileged Role Administrator of the company sign in here.",
    ),
    Outcome(
        "blocked",
        "warn",
        "Blocked by the company",
        "A Conditional Access policy or a disabled application stands in the way of the sign-in.",
        "Let the company exclude or enable the enterprise application; then start again.",
    ),
    Outcome(
        "owned",
        "bad",
        "Connected elsewhere",
        "This company's presence belongs to another account of this service.",
        "Ask the other account to remove its access, or the operator to release the tenant.",
    ),
    Outcome(
        "other_tenant",
        "bad",
        "Another company",
        "The sign-in belongs to another company than the consent, or than the one this directory is connected to.",
        "Sign in with an administrator of the same company, or remove access first to connect another one.",
    ),
    Outcome(
        "expired",
        "warn",
        "Too late, or used already",
        "The way back from Microsoft works once, within ten minutes, in the browser and sign-in where it began.",
        "Start again from this page.",
    ),
    Outcome(
        "failed",
        "bad",
        "Sign-in failed",
        "What came back from Microsoft could not be verified.",
        "Start again; if it happens twice, tell the operator.",
    ),
    Outcome(
        "own_credential",
        "bad",
        "This service has a fault",
        "This service cannot prove its own identity to Microsoft at the moment.",
        "The operator is told. Try again later.",
    ),
    Outcome(
        "unavailable",
        "warn",
        "Microsoft does not answer",
        "Microsoft's sign-in service did not answer, or reported a passing error of its own.",
        "Try again in a minute.",
    ),
    Outcome(
        "throttled",
        "warn",
        "Too many attempts",
        "Microsoft has received too many requests of this service for the moment.",
        "Wait ten minutes, then start again.",
    ),
    Outcome(
        "interrupted",
        "warn",
        "Sign-in not completed",
        "Microsoft required a further step of the sign-in, such as multifactor authentication, that was not completed.",
        "Start again and complete every step that Microsoft asks for.",
    ),
    Outcome(
        "wrong_account",
        "warn",
        "Account of no company",
        "The account that signed in is personal, or does not exist in the company's Entra ID.",
        "Start again and sign in with an administrator's work account of the company.",
    ),
    Outcome(
        "account_refused",
        "warn",
        "Account not accepted",
        "Microsoft did not accept the account: it is locked or disabled, or its password is wrong or has expired.",
        "Let an administrator of the company check the account in Entra ID, or use another one.",
    ),
    Outcome(
        "cleanup_pending",
        "warn",
        "Removal still in progress",
        "Microsoft is still deleting an earlier enterprise application of this service in the company's tenant.",
        "Wait 15 minutes, then start again. If it persists, delete the application under Deleted applications in Entra ID.",
    ),
    Outcome(
        "not_assigned",
        "warn",
        "Assignment required",
        "The enterprise application admits assigned users only, and the account that signed in is not assigned.",
        "In Entra ID, assign the account to the enterprise application, or set 'Assignment required?' to No; then start again.",
    ),
    Outcome(
        "tenant_blocked",
        "bad",
        "Tenant blocked by Microsoft",
        "Microsoft has blocked the company's tenant, for example because it was not used for a long time.",
        "An administrator of the company asks Microsoft to reactivate it (aka.ms/TenantReactivation); then start again.",
    ),
    Outcome(
        "tenant_not_found",
        "bad",
        "Tenant not found",
        "Microsoft does not know the company's tenant, or it is in another Microsoft cloud than this service.",
        "Sign in with an account of the right company and cloud.",
    ),
    Outcome(
        "access_policy",
        "warn",
        "Blocked by a cross-tenant policy",
        "A cross-tenant access policy or tenant restriction prevented the sign-in.",
        "In Entra ID, let the company allow the application under External Identities, "
        "Cross-tenant access settings; then start again.",
    ),
    Outcome(
        "graph_missing",
        "warn",
        "Microsoft Graph not available",
        "Microsoft Graph, or a service that it needs, is missing or disabled in the company's tenant.",
        "In Entra ID, enable the enterprise application Microsoft Graph and check the company's "
        "Microsoft 365 subscription; then start again.",
    ),
    Outcome(
        "misconfigured",
        "bad",
        "This service is not set up correctly",
        "Microsoft rejects the way this service asks for sign-in or consent.",
        "Ask the operator to check the app registration for presence; the deployment guide lists its settings.",
    ),
)
OUTCOMES = {outcome.code: outcome for outcome in _TABLE}

_NUMBERS: dict[str, tuple[int, ...]] = {
    "declined": (65004,),
    "needs_approval": (65001, 90008, 90093, 90094, 90095),
    "cleanup_pending": (650051,),
    "wrong_account": (
        *(16000, 16003, 50014, 50020, 50034, 50107, 50177, 50178, 50197, 500208, 51004, 90072),
        *(90084, 90125, 90126),
    ),
    "account_refused": (
        *(50053, 50055, 50056, 50057, 50064, 50126, 50132, 50133, 50135, 50144, 50173, 53011),
        *(530034, 80007, 80012),
    ),
    "interrupted": (
        *(16001, 16002, 50058, 50072, 50074, 50076, 50078, 50079, 50089, 50125, 50127, 50140),
        *(50143, 50158, 50180, 50199, 51006, 53004, 53010, 700020, 90056),
    ),
    "misconfigured": (700016, 700011, 7000215, 7000216, 7000222),
}
_BY_NUMBER = {number: outcome for outcome, numbers in _NUMBERS.items() for number in numbers}
_BY_ERROR = {
    "access_denied": "declined",
    "consent_required": "declined",
    "permission_denied": "declined",
    "temporarily_unavailable": "unavailable",
    "server_error": "unavailable",
    "interaction_required": "interrupted",
    "login_required": "interrupted",
    "account_selection_required": "interrupted",
    "invalid_request": "misconfigured",
    "invalid_client": "misconfigured",
    "invalid_resource": "graph_missing",
    "invalid_scope": "misconfigured",
    "unauthorized_client": "misconfigured",
    "unsupported_response_type": "misconfigured",
}
# The outcome for the reason why a token could not be had.
OF_REASON = {
    "access_policy": "access_policy",
    "blocked": "blocked",
    "deleted": "misconfigured",
    "disabled": "blocked",
    "graph_missing": "graph_missing",
    "misconfigured": "misconfigured",
    "not_assigned": "not_assigned",
    "not_set_up": "own_credential",
    "own_credential": "own_credential",
    "tenant_blocked": "tenant_blocked",
    "tenant_not_found": "tenant_not_found",
    "throttled": "throttled",
    "unavailable": "unavailable",
}


def outcome_of_error(error: str, numbers: Iterable[int]) -> str:
    """Return the outcome code for an OAuth `error` and the AADSTS numbers of its description."""
    for number in numbers:
        if number in _BY_NUMBER:
            return _BY_NUMBER[number]
        if number in BY_NUMBER:
            return OF_REASON.get(BY_NUMBER[number], "failed")
    return _BY_ERROR.get(error, "failed")
