"""Words for what the features below report by code, in the visitor's language."""

from typing import Any

from directories.errors import InvalidField
from presence.consent.outcomes import OUTCOMES
from web.page_request import PageRequest


def fault_text(visit: PageRequest, fault: InvalidField) -> str:
    """A wrong field in words of the page; the feature's own where the page has none."""
    if fault.field == "name":
        key = {
            "is empty": "fault_name_empty",
            "has characters that can't be shown": "fault_name_characters",
        }
        return visit.t(key.get(fault.fault, "fault_name_long"))
    return visit.known(
        f"fault_{fault.field}", f"{fault.fault[:1].upper()}{fault.fault[1:]}. {fault.remedy}"
    )


def outcome_words(visit: PageRequest, code: str) -> dict[str, str] | None:
    """How the way to Microsoft ended, for the codes that there are."""
    found = OUTCOMES.get(code)
    if found is None:
        return None
    return {
        "tone": found.tone,
        "title": visit.known(f"outcome_{code}_title", found.title),
        "detail": visit.known(f"outcome_{code}_sentence", found.sentence),
        "remedy": visit.known(f"outcome_{code}_remedy", found.remedy),
    }


def problem_text(visit: PageRequest, said: dict[str, Any]) -> str:
    """The detail of an RFC 9457 problem by its `reason` or title, else as it came."""
    if reason := said.get("reason"):
        sentence = visit.known(f"reason_{reason}", str(said["detail"]))
        return f"{sentence} {visit.known(f'reason_{reason}_remedy', '')}".strip()
    title = str(said["title"]).lower().replace(" ", "_").replace("-", "_")
    return visit.known(f"http_{title}", str(said["detail"]))
