"""Why presence does not come: each reason with a sentence and a remedy, and how Microsoft's errors map to them.

The numbers of AADSTS errors (learn.microsoft.com/entra/identity-platform/reference-error-codes) are hints that may
change; `error` is the contract, but it says the same of a tenant that removed us and of a credential of ours that is
wrong. So where an error leaves that open, a token for our own tenant decides whose fault it is (`Fault.is_doubtful`).
"""

from dataclasses import dataclass
from typing import Literal

from shared.messages import CodeFamily, Message

Kind = Literal["consent", "operator", "passing"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why presence fails.

    `kind`: "consent" is for the company to restore, "operator" is for us to repair, "passing" ends
    without any action.
    """

    code: str
    kind: Kind

    @property
    def sentence(self) -> Message:
        """What is wrong."""
        return Message(REASON.code(self.code))

    @property
    def remedy(self) -> Message:
        """What to do about it."""
        return Message(REASON_REMEDY.code(self.code))


_TABLE = (
    Reason("deleted", "consent"),
    Reason("no_role", "consent"),
    Reason("disabled", "consent"),
    Reason("tenant_not_found", "consent"),
    Reason("blocked", "consent"),
    Reason("refused", "consent"),
    Reason("own_credential", "operator"),
    Reason("not_set_up", "operator"),
    Reason("throttled", "passing"),
    Reason("unavailable", "passing"),
)
REASONS = {reason.code: reason for reason in _TABLE}
REASON = CodeFamily("reason_", REASONS)
REASON_REMEDY = CodeFamily("reason_", REASONS, "_remedy")

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
