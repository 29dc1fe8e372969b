"""Numbers that are written as a word: 1-800-FLOWERS.

Letters are converted to digits only if all of this is true; otherwise they are a label:
1. The text is nothing but letters A to Z, digits, spaces, hyphens, dots, parentheses and a plus, and begins with a
   digit. Punctuation marks at the end are ignored.
2. The letters are capitals, or a hyphen joins them to the digits before them.
3. The result is a valid freephone, shared-cost, premium or company-wide number (libphonenumber's types).

Callers use this module only if the digits without the letters are not a number. Source of the keys:
ITU-T E.161.
"""

import re

from shared.numbers import plan

_SHAPE = re.compile(r"[+(]{0,2}[0-9][0-9A-Za-z ().\-]*")
_LETTERS = re.compile(r"[A-Za-z]+")
_KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_MIN_LETTERS = 3
_END = "?!., "  # 1-800-GOT-JUNK?


def has_word(text: str) -> bool:
    """Return whether the text satisfies rule 1 and has three letters or more."""
    shape = _SHAPE.fullmatch(text.rstrip(_END))
    return shape is not None and len("".join(_LETTERS.findall(text))) >= _MIN_LETTERS


def is_written_with_word(text: str) -> bool:
    """Return whether the text satisfies rules 1 and 2."""
    text = text.rstrip(_END)
    first = _LETTERS.search(text)
    is_joined = first is not None and text[first.start() - 1] == "-"
    return has_word(text) and (is_joined or "".join(_LETTERS.findall(text)).isupper())


def convert(text: str, region: str) -> str:
    """Return the E.164 form of a number written with a word, or "" if the letters are only a label."""
    text = text.rstrip(_END)
    if not is_written_with_word(text):
        return ""
    keyed = "".join(filter(str.isdigit, text.upper().translate(_KEYS)))
    number = plan.parse(f"+{keyed}" if text.startswith("+") else keyed, region)
    if number is None or not (plan.is_valid(number) and plan.is_service(number)):
        return ""
    return f"+{plan.digits(number)}"
