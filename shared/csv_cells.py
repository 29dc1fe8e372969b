"""Cells of delimiter-separated values (RFC 4180) that no spreadsheet takes for a formula."""

import re

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # makes Excel read UTF-8
_FORMULA = re.compile(r"^[\s]*[=+\-@|%\t\r\n＝＋－＠]")
# If a spreadsheet takes another character for the separator, the text after that begins a new cell.
# A whole run of separators and spaces is matched at once: a text of tabs would take quadratic time.
_INNER_FORMULA = re.compile(r"(?<![;,\s])([;,\s]++)(?=[=+\-@|%＝＋－＠])")
_BEGINS_CELL = frozenset(";,\t\r\n")


def line(cells: list[str], separator: str = ",") -> bytes:
    """Return a line of cells that `quoted` or `safe` made."""
    return (separator.join(cells) + "\r\n").encode()


def quoted(text: str) -> str:
    """Return the text as a quoted cell."""
    return '"' + text.replace('"', '""') + '"'


def safe(text: str) -> str:
    """Return a quoted cell that no spreadsheet takes for a formula.

    Source: owasp.org/www-community/attacks/CSV_Injection.
    """
    return quoted(_INNER_FORMULA.sub(_marked, f"'{text}" if _FORMULA.match(text) else text))


def _marked(match: re.Match[str]) -> str:
    """Return text before a formula, with an apostrophe if a separator is in it: a space alone begins no cell."""
    return match[1] if _BEGINS_CELL.isdisjoint(match[1]) else f"{match[1]}'"
