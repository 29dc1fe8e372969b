"""The outcomes of an attempt to connect, which the page shows after the browser returns from Microsoft.

The errors of the authorization endpoint are those of RFC 6749 section 4.1.2.1 and OpenID Connect
Core section 3.1.2.6; the AADSTS numbers are on
learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from presence.graph.failure_reasons import BY_NUMBER
from presence.response_models import Tone
from shared.messages import CodeFamily, Message


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome of an attempt to connect; its `code` is a part of the page's URL."""

    code: str
    tone: Tone

    @property
    def title(self) -> Message:
        """The outcome in a few words."""
        return Message(OUTCOME_TITLE.code(self.code))

    @property
    def sentence(self) -> Message:
        """The outcome in a sentence."""
        return Message(OUTCOME_SENTENCE.code(self.code))

    @property
    def remedy(self) -> Message | None:
        """The next step for the administrator; None if nothing needs to be done."""
        if self.code not in OUTCOME_REMEDY.members:
            return None
        return Message(OUTCOME_REMEDY.code(self.code))


_TABLE = (
    Outcome("consented", "good"),
    Outcome("declined", "warn"),
    Outcome("not_admin", "warn"),
    Outcome("needs_approval", "warn"),
    Outcome("blocked", "warn"),
    Outcome("owned", "bad"),
    Outcome("other_tenant", "bad"),
    Outcome("other_pending", "bad"),
    Outcome("expired", "warn"),
    Outcome("failed", "bad"),
    Outcome("own_credential", "bad"),
    Outcome("unavailable", "warn"),
    Outcome("throttled", "warn"),
    Outcome("interrupted", "warn"),
    Outcome("wrong_account", "warn"),
    Outcome("account_refused", "warn"),
    Outcome("cleanup_pending", "warn"),
    Outcome("not_assigned", "warn"),
    Outcome("tenant_blocked", "bad"),
    Outcome("tenant_not_found", "bad"),
    Outcome("access_policy", "warn"),
    Outcome("graph_missing", "warn"),
    Outcome("misconfigured", "bad"),
)
OUTCOMES = {outcome.code: outcome for outcome in _TABLE}
OUTCOME_TITLE = CodeFamily("outcome_", OUTCOMES, "_title")
OUTCOME_SENTENCE = CodeFamily("outcome_", OUTCOMES, "_sentence")
OUTCOME_REMEDY = CodeFamily("outcome_", OUTCOMES.keys() - {"consented"}, "_remedy")

_NUMBERS: dict[str, tuple[int, ...]] = {
    "declined": (65004,),
    "needs_approval": (65001, 90008, 90093, 90094, 90095, 900941),
    "expired": (54005, 70008),
    "cleanup_pending": (650051,),
    "wrong_account": (
        *(16000, 16003, 50014, 50020, 50034, 50107, 50177, 50178, 50197, 500208, 51004, 90072),
        *(90084, 90125, 90126),
    ),
    "account_refused": (
        *(20001, 20012, 20033, 40008, 40009, 40015, 50008, 50015, 50017, 50053, 50055, 50056),
        *(50057, 50064, 50126, 50132, 50133, 50135, 50144, 50173, 53011, 54000, 530034, 80007),
        *(80010, 80012, 80013, 90123, 120000, 120002, 120012, 120014, 5000819),
    ),
    "interrupted": (
        *(16001, 16002, 50058, 50072, 50074, 50076, 50078, 50079, 50085, 50089, 50125, 50127),
        *(50139, 50140, 50143, 50158, 50161, 50168, 50180, 50187, 50192, 50199, 51006, 53004),
        *(53010, 70043, 81004, 81005, 81006, 81007, 81009, 81010, 81011, 81012, 90056, 160021),
        *(700020, 1000000, 1000002),
    ),
    "blocked": (50129, 135011),
    "unavailable": (80001, 80002, 80005, 80014),
    "misconfigured": (
        *(28002, 28003, 50147, 90005, 90010, 90117, 90121, 90124, 90130, 501491),
        *(500113, 700011, 700016, 1003031, 7000215, 7000216, 7000222, 9002332),
    ),
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
# The outcome for each reason why no token could be obtained.
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


def outcome_of_error(error: str, numbers: Sequence[int]) -> str:
    """Return the code of the outcome for an OAuth `error` and the AADSTS numbers in its description.

    The first known number decides; without one, `error` does. An error with a number that is not
    known isn't reported as declined: Microsoft sends `access_denied` for policies and faults, too.
    """
    for number in numbers:
        if number in _BY_NUMBER:
            return _BY_NUMBER[number]
        if number in BY_NUMBER:
            return OF_REASON.get(BY_NUMBER[number], "failed")
    outcome = _BY_ERROR.get(error, "failed")
    return "failed" if outcome == "declined" and numbers else outcome
