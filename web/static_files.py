"""Static files, which browsers may cache for a year: their names contain a hash of their content.

A new release therefore has new names.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from shared.http import HttpError, Request, Response
from shared.messages import Message

_FOLDER = Path(__file__).parent / "static"
# Files that pages load together are joined into one: fewer requests, and they compress better. Each is
# a complete script or style sheet, so their contents are simply concatenated.
_JOINED = {
    "page.js": ("base.js", "session.js", "status.js"),
    "organisation.js": ("people.js", "free.js", "desk.js"),
    "agent.css": ("people.css", "free.css"),
}
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_COMPRESSED = ".gz"
_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file's content, uncompressed and compressed with gzip, and its media type."""

    content: bytes
    compressed: bytes
    media_type: str


@lru_cache(maxsize=1)
def _by_name() -> dict[str, StaticFile]:
    """Return all static files by their hashed names, read from disk once."""
    parts = {part for own in _JOINED.values() for part in own}
    found = {path.name.removesuffix(_COMPRESSED) for path in _FOLDER.iterdir()}
    alone = {name for name in found if Path(name).suffix in _TYPES} - parts
    return {_hashed(name): _read(name) for name in sorted(alone | set(_JOINED))}


def _read(name: str) -> StaticFile:
    content = _content(name)
    return StaticFile(content, gzip.compress(content, 9, mtime=0), _TYPES[Path(name).suffix])


def _content(name: str) -> bytes:
    return b"".join(_file(part) for part in _JOINED.get(name, (name,)))


def _file(name: str) -> bytes:
    """Return the content of a file; if the folder has it only compressed, decompress it."""
    path = _FOLDER / f"{name}{_COMPRESSED}"
    return gzip.decompress(path.read_bytes()) if path.exists() else (_FOLDER / name).read_bytes()


def _hashed(name: str) -> str:
    digest = hashlib.sha256(_content(name)).hexdigest()[:12]
    path = Path(name)
    return f"{path.stem}-{digest}{path.suffix}"


@lru_cache(maxsize=64)
def address(name: str) -> str:
    """Return the address of a static file, or of the joined files with this name."""
    return f"/static/{_hashed(name)}"


async def serve(request: Request) -> Response:
    """Return the static file with the hashed name in the route.

    Raises:
        HttpError: 404 for any other name, so that files outside the folder can't be read.
    """
    found = _by_name().get(request.route["name"])
    if found is None:
        raise HttpError(404, Message("file_of_another_release"))
    headers = {"Content-Type": found.media_type, "Cache-Control": _YEAR, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(200, found.compressed, {**headers, "Content-Encoding": "gzip"})
    return Response(200, found.content, headers)
