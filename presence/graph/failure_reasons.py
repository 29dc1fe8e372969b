"""The reasons why presence can't be read, and the mapping of Microsoft's errors to them.

AADSTS numbers (learn.microsoft.com/entra/identity-platform/reference-error-codes) are hints that
Microsoft may change. `error` is the contract (RFC 6749 section 5.2), but it is the same for a
tenant that removed the app and for a wrong credential of the app. If a response leaves that open
(`Fault.is_doubtful`), a token request for the app's home tenant decides (`token_provider.Control`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.messages import CodeFamily, Message

Kind = Literal["consent", "operator", "passing"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason why presence can't be read.

    `kind` says who can remove the cause: the company (`consent`) or the operator of this service
    (`operator`); with `passing`, the failure passes without any action. `of_tenant` is true if the
    tenant as a whole refuses the app, so that more than one try in ten minutes is useless.
    """

    code: str
    kind: Kind
    of_tenant: bool = False

    @property
    def sentence(self) -> Message:
        """The reason in a sentence."""
        return Message(REASON.code(self.code))

    @property
    def remedy(self) -> Message:
        """The action that removes the cause, as a sentence."""
        return Message(REASON_REMEDY.code(self.code))


_TABLE = (
    Reason("deleted", "consent"),
    Reason("no_role", "consent"),
    Reason("disabled", "consent"),
    Reason("tenant_not_found", "consent", of_tenant=True),
    Reason("tenant_blocked", "consent", of_tenant=True),
    Reason("access_policy", "consent", of_tenant=True),
    Reason("graph_missing", "consent"),
    Reason("not_assigned", "consent"),
    Reason("unexpected", "consent"),
    Reason("blocked", "consent"),
    Reason("refused", "consent"),
    Reason("own_credential", "operator"),
    Reason("misconfigured", "operator"),
    Reason("wrong_company", "consent"),
    Reason("timer_stopped", "operator"),
    Reason("not_set_up", "operator"),
    Reason("throttled", "passing"),
    Reason("unavailable", "passing"),
    Reason("throttled_long", "operator"),
    Reason("unavailable_long", "operator"),
)
REASONS = {reason.code: reason for reason in _TABLE}
REASON = CodeFamily("reason_", REASONS)
REASON_REMEDY = CodeFamily("reason_", REASONS, "_remedy")

# The reason that replaces a passing one after an hour.
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
    "invalid_tenant": "tenant_not_found",
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
_MAX_NUMBERS, _MAX_DIGITS = 5, 9  # of an error, and of each
_IN_TEXT = re.compile(r"AADSTS([0-9]{4,9})(?![0-9])")
_IN_ADDRESS = re.compile(r"[?&]code=([0-9]{4,9})(?![0-9])")
# Statuses that an intermediary sends, and not the login service.
_FROM_GATEWAY = frozenset({407, 408, 425})


@dataclass(eq=False, kw_only=True)
class Fault(Exception):
    """Raised if no token could be obtained.

    `is_doubtful` means that either this app or the tenant may be at fault (see the module).
    `status` is that of the response, 0 if there was none; `retry_after` is in seconds.
    """

    reason: str
    codes: tuple[int, ...] = ()
    retry_after: float | None = None
    is_doubtful: bool = False
    status: int = 0


def numbers_of(error: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the AADSTS numbers of an error.

    They are the numbers in its `error_codes`, else those in its description, else the one in
    `error_uri`. Only the token endpoint sends `error_codes`; its error for an unknown host or
    version of the API has none, and neither has an error on a redirect
    (learn.microsoft.com/entra/identity-platform/reference-error-codes).
    """
    codes = error.get("error_codes")
    numbers = [str(code) for code in codes] if isinstance(codes, list) else []
    numbers = [number for number in numbers if number.isascii() and number.isdecimal()]
    numbers = numbers or _IN_TEXT.findall(str(error.get("error_description", "")))
    numbers = numbers or _IN_ADDRESS.findall(str(error.get("error_uri", "")))
    return tuple([int(number) for number in numbers[:_MAX_NUMBERS] if len(number) <= _MAX_DIGITS])


def fault_of(status: int, error: str, codes: tuple[int, ...], retry_after: float | None) -> Fault:
    """Return the Fault for an error of the login service.

    Args:
        status: The HTTP status; 0 if there was no response.
        error: The `error` of RFC 6749 section 5.2; "" if the body has none.
        codes: The AADSTS numbers in `error_codes`.
        retry_after: The seconds in Retry-After.
    """
    known = next((BY_NUMBER[code] for code in codes if code in BY_NUMBER), None)
    reason = known or _reason_without_number(status, error)
    is_shared = status in (400, 401) and error in ("invalid_client", "unauthorized_client")
    is_guess = known is None and reason in ("misconfigured", "unexpected")
    is_doubtful = is_shared or is_guess or reason == "own_credential"
    return Fault(
        reason=reason, codes=codes, retry_after=retry_after, is_doubtful=is_doubtful, status=status
    )


def _reason_without_number(status: int, error: str) -> str:
    if status == 429:
        return "throttled"
    if status == 0 or status >= 500 or status in _FROM_GATEWAY:
        return "unavailable"
    if error:
        return _BY_ERROR.get(error, "unexpected")
    return "unavailable"  # a page from an intermediary
