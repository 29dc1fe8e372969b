"""Format cells of CSV (RFC 4180) so that no spreadsheet evaluates them as formulas."""

import re

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # makes Excel read UTF-8
_FORMULA = re.compile(r"^[\s]*[=+\-@|%\t\r\n＝＋－＠]")
# A spreadsheet may use any of these separators, and then the text after one begins a new cell.
# A sequence of separators and spaces is matched at once, because otherwise a text of tabs takes quadratic time.
_INNER_FORMULA = re.compile(r"(?<![;,\s])([;,\s]++)(?=[=+\-@|%＝＋－＠])")
_BEGINS_CELL = frozenset(";,\t\r\n")


def line(cells: list[str], separator: str = ",") -> bytes:
    """Return one CSV line as UTF-8 with its line end, from cells that `quoted` or `safe` returned."""
    return (separator.join(cells) + "\r\n").encode()


def quoted(text: str) -> str:
    """Return `text` as a CSV cell in quotation marks."""
    return '"' + text.replace('"', '""') + '"'


def safe(text: str) -> str:
    """Return `text` as a CSV cell in quotation marks that no spreadsheet evaluates as a formula.

    An apostrophe is added at the beginning, or after a separator, if the next character could begin
    a formula. Source: owasp.org/www-community/attacks/CSV_Injection.
    """
    return quoted(_INNER_FORMULA.sub(_marked, f"'{text}" if _FORMULA.match(text) else text))


def _marked(match: re.Match[str]) -> str:
    """Return the matched separators and spaces; append an apostrophe if any is a separator.

    Without a separator no new cell begins, so nothing is appended to spaces alone.
    """
    return match[1] if _BEGINS_CELL.isdisjoint(match[1]) else f"{match[1]}'"
