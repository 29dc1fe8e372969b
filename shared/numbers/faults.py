"""Messages that say why a value can't be parsed as a phone number, and what the administrator can do.

Each remedy corrects one person's value. No remedy suggests an expression in the attribute mapping,
because that would change correct numbers too.
"""

from collections.abc import Sequence

from shared.messages import Message
from shared.numbers import vanity
from shared.numbers.plan import MAX_DIGITS, dialling
from shared.numbers.text import MAX_TEXT


def several(numbers: Sequence[str]) -> Message:
    """Return the message for a value that contains several numbers; `numbers` are their E.164 forms."""
    why = Message("number_several", numbers=", ".join(numbers))
    remedy = Message("number_several_remedy")
    return _fault(why, remedy)


def fault_of(
    text: str, digits: str, *, is_masked: bool, is_international: bool, region: str
) -> Message:
    """Return the reason, with a remedy, why `text` has no E.164 form; `digits` are its likely number."""
    code = dialling(region).code or "44"
    remedy = Message("number_remedy", code=code)
    if len(text) > MAX_TEXT:
        return _fault(Message("number_long_text", count=len(text)), remedy)
    if is_masked:
        return _fault(Message("number_masked"), remedy)
    if not digits:
        return _fault(Message("number_no_digits"), remedy)
    if len(digits) > MAX_DIGITS:
        why = Message("number_too_many_digits", count=len(digits), most=MAX_DIGITS)
        return _fault(why, remedy)
    if vanity.has_word(text):
        return _fault(Message("number_letters"), remedy)
    if len(digits) <= MAX_SHORT and not digits.startswith("0") and not is_international:
        return _fault(_short(len(digits)), _short_remedy(code))
    if is_international:
        return _fault(Message("number_of_no_country"), remedy)
    why = Message("number_not_national", region=region)
    change = Message("number_region_remedy", remedy=remedy)
    return _fault(why, change)


MAX_SHORT = 6  # digits of an internal extension, at most


def _short(count: int) -> Message:
    return Message("number_short", count=count)


def _short_remedy(code: str) -> Message:
    return Message("number_short_remedy", code=code)


def _fault(why: Message, remedy: Message) -> Message:
    return Message("number_fault", why=why, remedy=remedy)
