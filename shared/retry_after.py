"""Parse Retry-After (RFC 9110 section 10.2.3): a number of seconds or an HTTP date."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,400}(?:\.[0-9]{1,20})?")
_MAX_LENGTH = 420


def seconds_until(retry_after: str | None, now: datetime) -> float | None:
    """Parse the value of a Retry-After header and return the seconds to wait from `now`.

    Decimals are accepted, because Microsoft Graph sends them, although the RFC allows only whole
    seconds. A date is an IMF-fixdate or in one of the obsolete forms of RFC 850 and asctime (RFC
    9110 section 5.6.7); all are in UTC.

    Returns:
        The seconds, or None if the value is missing, malformed, zero or in the past.
    """
    text = (retry_after or "").strip(" \t")
    if not text or len(text) > _MAX_LENGTH:
        return None
    seconds = float(text) if _SECONDS.fullmatch(text) else _seconds_until_date(text, now)
    return seconds if seconds is not None and seconds > 0 else None


def _seconds_until_date(text: str, now: datetime) -> float | None:
    try:
        date = parsedate_to_datetime(text)
        if date.tzinfo is None:  # asctime names no zone; email.utils also returns this for -0000
            date = date.replace(tzinfo=UTC)
        return (date - now).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
