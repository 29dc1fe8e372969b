"""Decode and encode paths of requests as the host's web server (Kestrel) does.

Percent-encoding is decoded once as UTF-8, except `%2F` and octets that aren't UTF-8; dot segments
are removed. The URL that a function sees is encoded again (aspnetcore: UrlDecoder, PathNormalizer,
PathString.ToUriComponent).
"""

import codecs
import re
from urllib.parse import quote_from_bytes

_ESCAPES = re.compile("(?:%[0-9A-Fa-f]{2})+")
_SLASH = re.compile("(%2[Ff])")
_PLAIN = re.compile(r"(?:[A-Za-z0-9/:@!$&'()*+,;=~._-]|%[0-9A-Fa-f]{2})*")
_DOTS = re.compile(r"/\.\.?(?:/|\Z)")
_SAFE = "/:@!$&'()*+,;=~"


def _keep_escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "".join(f"%{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("keep-escaped", _keep_escaped)


def decode_path(raw: str) -> str | None:
    """Return the decoded path, by which routes are matched; None if it contains a null character (a bad request)."""
    path = _ESCAPES.sub(_decode_run, raw) if "%" in raw else raw
    if "\0" in path:
        return None
    return _without_dots(path) if _DOTS.search(path) else path


def decode_text(raw: str) -> str:
    """Return a decoded name or value of a query; octets that aren't UTF-8 stay percent-encoded."""
    return _ESCAPES.sub(_decode_octets, raw) if "%" in raw else raw


def _decode_octets(match: re.Match[str]) -> str:
    return bytes.fromhex(match.group().replace("%", "")).decode(errors="keep-escaped")


def encode_path(path: str) -> str:
    """Encode a decoded path again, as it is in the URL that a function gets."""
    if _PLAIN.fullmatch(path):
        return path
    parts = re.split("(%[0-9A-Fa-f]{2})", path)
    return "".join(part if index % 2 else _quote(part) for index, part in enumerate(parts))


def _quote(text: str) -> str:
    return quote_from_bytes(text.encode(errors="replace"), _SAFE)


def _decode_run(match: re.Match[str]) -> str:
    parts = _SLASH.split(match.group())
    return "".join(
        part if index % 2 else bytes.fromhex(part.replace("%", "")).decode(errors="keep-escaped")
        for index, part in enumerate(parts)
    )


def _without_dots(path: str) -> str:
    resolved: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            del resolved[max(1, len(resolved) - 1) :]
        elif segment != ".":
            resolved.append(segment)
    if segments[-1] in (".", ".."):
        resolved.append("")
    return "/".join(resolved) or "/"
