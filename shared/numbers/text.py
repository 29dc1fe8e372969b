"""Normalise the text around a number: one kind of space, hyphen and plus, and ASCII digits."""

import unicodedata
from functools import lru_cache

MAX_TEXT = 250  # characters of a value or an address; nothing longer is read as a number
# Invisible characters outside Unicode's category of format characters (Cf).
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_PLUS = frozenset("+\u207a\u208a\u2795\ufb29\ufe62\uff0b")
_HYPHENS = frozenset("\u02d7\u207b\u208b\u2212\u2796\u30fc\ufe63\uff0d\uff70\u2043")
_BULLETS = frozenset("\u2022\u2023\u25aa\u25ab\u25cf\u25cb\u25e6\u2219\u00a6")
_KEYCAP = "\u20e3"  # turns the digit before it into a picture of a key, used as a list mark


def plain(text: str) -> str:
    """Return `text` without accents; digits, pluses, hyphens and spaces get their ASCII forms.

    Invisible characters are removed. Line ends and bullets become `|`. Numbers in circles,
    superscripts and keycaps are list marks or notes, so they become spaces. Compatibility
    characters (full-width and presentation forms) are replaced by their usual forms (NFKC).
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    characters = "".join([_plain_character(c) for c in _without_keycaps(text)])
    composed = unicodedata.normalize("NFKC", characters)
    return "".join([c for c in composed if unicodedata.category(c) != "Mn"]).strip()


def digits_of(text: str) -> str:
    """Return the decimal digits in `text` as ASCII; the digits of every script count."""
    if text.isascii():
        return "".join(filter(str.isdigit, text))
    return "".join([str(unicodedata.decimal(c)) for c in text if c.isdecimal()])


def fold_word(word: str) -> str:
    """Return a word in lower case without accents, dots and vowel signs, for comparison."""
    decomposed = unicodedata.normalize("NFKD", word.lower())
    return "".join([c for c in decomposed if not unicodedata.combining(c)]).replace("\u0131", "i")


def _without_keycaps(text: str) -> str:
    if _KEYCAP not in text:
        return text
    head, *rest = text.replace("\ufe0f", "").split(_KEYCAP)
    parts = [head, *rest]
    return " ".join(
        [part[:-1] if part[-1:].isdigit() else part for part in parts[:-1]] + parts[-1:]
    )


@lru_cache(maxsize=4096)
def _plain_character(c: str) -> str:
    if c in _PLUS:
        return "+"
    if c in _HYPHENS:
        return "-"
    if c in _BULLETS:
        return "|"
    category = unicodedata.category(c)
    if category in ("Cf", "Cs", "Co", "Cn", "Me") or c in _BLANK:
        return ""
    if category == "Pd":
        return "-"
    if c == "\t":
        return "  "  # between two numbers, or between the groups of one
    if category in ("Zl", "Zp") or c in "\n\r\v\f\x85":
        return "|"
    if category in ("Zs", "Cc", "No", "Nl", "So"):
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(c))
    return c
