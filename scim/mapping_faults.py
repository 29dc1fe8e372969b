"""Messages in the provisioning log about values left out and unknown attribute names."""

from directories import mapping_notes
from scim.context import Context
from scim.core.attributes import ResourceType
from scim.core.notes import Notes
from shared.messages import Message


def left_out(notes: Notes) -> Message | None:
    """Return the message of a stored change about values that were left out; None if none was."""
    if not notes.left_out:
        return None
    reason = next(iter(notes.left_out.values()))
    if len(notes.left_out) == 1:
        return Message("left_out", reason=reason)
    return Message("several_left_out", names=", ".join(notes.left_out), reason=reason)


def note(context: Context, resource_type: ResourceType, notes: Notes, *, is_stored: bool) -> None:
    """Note the faults of a client's mapping once: unknown names; values left out if not stored."""
    if not notes.unknown and (is_stored or not notes.left_out):
        return
    faults: dict[str, Message] = {
        name: Message("not_an_attribute", name=name, type=resource_type.name)
        for name in notes.unknown
    }
    if not is_stored:
        faults |= {
            name: Message("left_out", reason=reason) for name, reason in notes.left_out.items()
        }
    mapping_notes.note(context.app, context.directory.id, faults, context.client)
