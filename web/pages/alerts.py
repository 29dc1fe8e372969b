"""A directory's problems that need an administrator."""

from collections.abc import Iterator
from dataclasses import dataclass

from directories import credential_usage
from directories.credential_expiry import Ending
from directories.models import Directory
from directories.status import DirectoryStatus
from presence.consent.status import Connection
from shared.clock import readable
from web.page_request import PageRequest
from web.text_families import CREDENTIAL, QUARANTINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem: `words` is its short text for the list, `detail` the explanation on the directory's page.

    `href` is the page with the remedy, and `link` the text of the link to it. `tone` is "warn" or
    "bad".
    """

    tone: str
    words: str
    detail: str = ""
    href: str = ""
    link: str = ""


def problems_of(
    visit: PageRequest, directory: Directory, glance: DirectoryStatus, connection: Connection
) -> list[Problem]:
    """Return the directory's problems: first credentials, then provisioning, then presence."""
    return [
        *_credentials(visit, directory, glance),
        *_provisioning(visit, directory, glance),
        *_presence(visit, directory, connection),
    ]


def _credentials(
    visit: PageRequest, directory: Directory, glance: DirectoryStatus
) -> Iterator[Problem]:
    if glance.denied:
        reason = credential_usage.DENIED.text(glance.denied.reason, visit.language)
        remedy = credential_usage.DENIED_REMEDY.text(glance.denied.reason, visit.language)
        href = f"/directories/{directory.id}/credentials"
        yield Problem(
            tone="bad",
            words=visit.t("problem_turned_away"),
            detail=f"{reason} {remedy}".strip(),
            href=href,
            link=visit.t("problem_open_credentials"),
        )

    elif not glance.has_credential:
        yield Problem(
            tone="bad",
            words=visit.t("problem_no_credential"),
            detail=visit.t("problem_no_credential_detail"),
            href=f"/directories/{directory.id}/credentials",
            link=visit.t("problem_open_credentials"),
        )
    for ending in glance.endings:
        yield ending_problem(visit, directory, ending)


def ending_problem(visit: PageRequest, directory: Directory, ending: Ending) -> Problem:
    """Return the warning that a credential in use expires soon, with its ID, last use, expiry and remedy."""
    kind = "security_token" if ending.credential_type == "tokens" else "client_secret"
    return Problem(
        tone="bad" if ending.is_urgent else "warn",
        words=visit.counted(
            "problem_ending", ending.days_left, kind=visit.t(CREDENTIAL.code(kind))
        ),
        detail=visit.t(
            "problem_ending_detail",
            id=ending.credential.id,
            used=readable(ending.last_used),
            at=readable(ending.credential.expires),
        ),
        href=f"/directories/{directory.id}/credentials",
        link=visit.t("problem_open_credentials"),
    )


def _provisioning(
    visit: PageRequest, directory: Directory, glance: DirectoryStatus
) -> Iterator[Problem]:
    quarantine, log = glance.quarantine, f"/directories/{directory.id}/log?kind=refused"
    if quarantine.outlook != "good":
        detail = visit.t(
            "problem_quarantine_detail",
            failures=quarantine.failures,
            all=quarantine.failures + quarantine.successes,
        )
        tone = "bad" if quarantine.outlook == "beyond" else "warn"
        yield Problem(
            tone=tone,
            words=visit.t(QUARANTINE.code(quarantine.outlook)),
            detail=detail,
            href=log,
            link=visit.t("problem_open_log"),
        )
    elif quarantine.failures:
        words = visit.counted("problem_refused", quarantine.failures)
        yield Problem(
            tone="warn",
            words=words,
            detail=visit.t("problem_refused_detail"),
            href=log,
            link=visit.t("problem_open_log"),
        )


def _presence(
    visit: PageRequest, directory: Directory, connection: Connection
) -> Iterator[Problem]:
    if directory.kind != "entra":
        return
    href, link = f"/directories/{directory.id}/presence", visit.t("problem_open_presence")
    if connection.state in ("lost", "troubled"):
        sentence, remedy = visit.text(connection.sentence), visit.text(connection.remedy)
        lost = connection.state == "lost"
        words = visit.t("problem_presence_lost" if lost else "problem_presence_delayed")
        yield Problem(
            tone="bad" if lost else "warn",
            words=words,
            detail=f"{sentence} {remedy}".strip(),
            href=href,
            link=link,
        )
    elif connection.state == "active" and connection.health.get("stale"):
        yield Problem(
            tone="warn", words=visit.t("problem_presence_delayed"), detail="", href=href, link=link
        )
