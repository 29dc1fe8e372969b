"""How an attempt to connect ended: what the page says on the way back from Microsoft."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code` stands in the address of the page; the rest is for people."""

    code: str
    tone: Tone
    title: str
    sentence: str
    remedy: str = ""


_TABLE = (
    Outcome(
        "consented",
        "good",
        "Consent given",
        "Microsoft is spreading the permission; this page goes on by itself.",
    ),
    Outcome(
        "declined",
        "warn",
        "Not accepted",
        "The request for permission was cancelled or declined at Microsoft.",
        "Start again and choose Accept, or choose not to sync presence.",
    ),
    Outcome(
        "not_admin",
        "warn",
        "Not an administrator",
        "The account that signed in is neither Global Administrator nor Privileged Role Administrator of its company.",
        "Start again and sign in with such an account, or ask a colleague who has one.",
    ),
    Outcome(
        "needs_approval",
        "warn",
        "Approval needed",
        "The company's Entra ID wants an administrator to approve the application first.",
        "Let a Global Administrator or Privileged Role Administrator of the company sign in here.",
    ),
    Outcome(
        "blocked",
        "warn",
        "Blocked by the company",
        "A Conditional Access policy or a disabled application stands in the way of the sign-in.",
        "Let the company exclude or enable the enterprise application; then start again.",
    ),
    Outcome(
        "owned",
        "bad",
        "Connected elsewhere",
        "This company's presence belongs to another account of this service.",
        "Ask the other account to remove its access, or the operator to release the tenant.",
    ),
    Outcome(
        "other_tenant",
        "bad",
        "Another company",
        "The sign-in belongs to another company than the consent, or than the one this directory is connected to.",
        "Sign in with an administrator of the same company, or remove access first to connect another one.",
    ),
    Outcome(
        "expired",
        "warn",
        "Too late, or used already",
        "The way back from Microsoft works once, within ten minutes, in the browser and sign-in where it began.",
        "Start again from this page.",
    ),
    Outcome(
        "failed",
        "bad",
        "Sign-in failed",
        "What came back from Microsoft could not be verified.",
        "Start again; if it happens twice, tell the operator.",
    ),
    Outcome(
        "own_credential",
        "bad",
        "This service has a fault",
        "This service cannot prove its own identity to Microsoft at the moment.",
        "The operator is told. Try again later.",
    ),
    Outcome(
        "unavailable",
        "warn",
        "Microsoft does not answer",
        "The sign-in service did not answer in time.",
        "Try again in a minute.",
    ),
)
OUTCOMES = {outcome.code: outcome for outcome in _TABLE}
