"""How an attempt to connect ended: what the page shows after the return from Microsoft."""

from dataclasses import dataclass
from typing import Literal

from shared.messages import CodeFamily, Message

Tone = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome; `code` is part of the page's address."""

    code: str
    tone: Tone

    @property
    def title(self) -> Message:
        """What happened, in a few words."""
        return Message(OUTCOME_TITLE.code(self.code))

    @property
    def sentence(self) -> Message:
        """What happened."""
        return Message(OUTCOME_SENTENCE.code(self.code))

    @property
    def remedy(self) -> Message | None:
        """What to do about it; None if nothing needs to be done."""
        if self.code not in OUTCOME_REMEDY.members:
            return None
        return Message(OUTCOME_REMEDY.code(self.code))


_TABLE = (
    Outcome("consented", "good"),
    Outcome("declined", "warn"),
    Outcome("not_admin", "warn"),
    Outcome("needs_approval", "warn"),
    Outcome("blocked", "warn"),
    Outcome("owned", "bad"),
    Outcome("other_tenant", "bad"),
    Outcome("expired", "warn"),
    Outcome("failed", "bad"),
    Outcome("own_credential", "bad"),
    Outcome("unavailable", "warn"),
)
OUTCOMES = {outcome.code: outcome for outcome in _TABLE}
OUTCOME_TITLE = CodeFamily("outcome_", OUTCOMES, "_title")
OUTCOME_SENTENCE = CodeFamily("outcome_", OUTCOMES, "_sentence")
OUTCOME_REMEDY = CodeFamily("outcome_", OUTCOMES.keys() - {"consented"}, "_remedy")
