"""Files that browsers keep for a year: their names carry a hash of their content, so a new release has new names."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from shared.http import HttpError, Request, Response
from shared.messages import Message

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file's content, as it is and compressed, with its type."""

    content: bytes
    compressed: bytes
    media_type: str


@lru_cache(maxsize=1)
def _by_name() -> dict[str, StaticFile]:
    """Every file by its hashed name, read once."""
    return {
        _hashed(path): _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES
    }


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(content, gzip.compress(content, 9, mtime=0), _TYPES[path.suffix])


def _hashed(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return f"{path.stem}-{digest}{path.suffix}"


@lru_cache(maxsize=64)
def address(name: str) -> str:
    """Return the address of the file `name` of the static folder."""
    return f"/static/{_hashed(_FOLDER / name)}"


async def serve(request: Request) -> Response:
    """Return the file of a hashed name.

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
