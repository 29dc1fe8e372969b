"""Words for what the features below report by code, in the visitor's language."""

from directories.faults import BadField
from web.visit import Visit


def fault_text(visit: Visit, fault: BadField) -> str:
    """A wrong field in words of the page; the feature's own where the page has none."""
    if fault.field == "name":
        key = {"is empty": "fault_name_empty", "has characters that can't be shown": "fault_name_characters"}
        return visit.t(key.get(fault.fault, "fault_name_long"))
    return visit.known(f"fault_{fault.field}", f"{fault.fault[:1].upper()}{fault.fault[1:]}. {fault.remedy}")
