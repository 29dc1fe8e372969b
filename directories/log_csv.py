"""Format the provisioning log as CSV (RFC 4180) that is safe to open in a spreadsheet."""

from urllib.parse import urlencode

from directories import serializers
from directories.provisioning_log import Line, Page
from shared import csv_cells
from shared.http import Request, Response

_COLUMNS = (
    *("Time", "First time", "Count", "Event", "Name", "External ID", "ID", "Attribute", "Changed"),
    *("Status", "SCIM type", "Method", "Client", "Detail", "Remedy"),
)


def file_part(request: Request, page: Page, *, is_first: bool) -> Response:
    """Return a part of the CSV file; the header `Link: …; rel="next"` (RFC 8288) has the address of the next part."""
    head = csv_cells.line([csv_cells.quoted(name) for name in _COLUMNS])
    parts = [csv_cells.BYTE_ORDER_MARK, head] if is_first else []
    parts += [csv_cells.line([csv_cells.safe(text) for text in _cells(one)]) for one in page.lines]
    headers = {
        "Content-Type": "text/csv; charset=utf-8; header=present",
        "Content-Disposition": 'attachment; filename="provisioning-log.csv"',
    }
    if page.before:
        following = urlencode({**request.query, "cursor": serializers.cursor(page.before)})
        headers["Link"] = f'<{request.path}?{following}>; rel="next"'
    return Response(200, b"".join(parts), headers)


def _cells(line: Line) -> tuple[str, ...]:
    event = line.event
    return (
        event.at,
        line.first,
        str(line.count),
        event.kind,
        event.name,
        event.external_id,
        event.resource_id,
        event.attribute,
        ", ".join(event.changed),
        str(event.status or ""),
        event.scim_type,
        event.method,
        event.client,
        event.detail,
        event.remedy,
    )
