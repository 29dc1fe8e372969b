"""Choose the language of a page from the browser's `Accept-Language` header."""

from shared.messages import LANGUAGES

_MAX_TAGS = 20


def preferred(accept_language: str) -> str:
    """Return the supported language that the browser prefers (RFC 9110 section 12.5.4), or English."""
    ranked: list[tuple[float, int, str]] = []
    for index, part in enumerate(accept_language.split(",")[:_MAX_TAGS]):
        tag, _, weight = part.strip().partition(";q=")
        ranked.append((-_weight(weight), index, tag.partition("-")[0].lower()))
    return next((tag for weight, _, tag in sorted(ranked) if tag in LANGUAGES and weight), "en")


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
