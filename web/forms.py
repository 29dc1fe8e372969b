"""Bodies of HTML forms."""

from urllib.parse import parse_qsl

from shared.http import HttpError, Request

_MOST_BYTES = 64 * 1024
_MOST_FIELDS = 50


def read_form(request: Request) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body; HttpError 400 or 413 where it is none."""
    if len(request.body) > _MOST_BYTES:
        raise HttpError(
            413, "Form too large", f"A form may have {_MOST_BYTES} bytes; this one has {len(request.body)}."
        )
    try:
        text = request.body.decode()
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError:
        raise HttpError(400, "Form not valid", "The form can't be read as UTF-8 fields. Reload the page.") from None
