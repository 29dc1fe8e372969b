"""Files that browsers keep for a year."""

import gzip

import pytest

from shared.http import HttpError, Request
from web import static_files


async def _get(name: str, **headers: str) -> object:
    request = Request(
        "GET", f"https://app.example.com/static/{name}", headers, b"", route={"name": name}
    )
    return await static_files.serve(request)


async def test_a_files_name_has_its_content_in_it() -> None:
    """A new release has new names, so the old one may be kept for ever."""
    name = static_files.address("base.css").removeprefix("/static/")
    request = Request(
        "GET", "https://a.example/", {"accept-encoding": "gzip"}, b"", route={"name": name}
    )
    answer = await static_files.serve(request)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert gzip.decompress(answer.body).startswith(b"/* Every page")


@pytest.mark.parametrize(
    "name", ["base.css", "../render.py", "base-000000000000.css", "..%2Frender.py"]
)
async def test_nothing_else_can_be_asked_for(name: str) -> None:
    """Only hashed names of files in the folder are known."""
    with pytest.raises(HttpError):
        await _get(name)


async def test_no_new_row_has_the_whole_list_styled() -> None:
    """Browsers look at `:has` again for each element that comes below its subject, and style all that depends on it."""
    name = static_files.address("agent.css").removeprefix("/static/")
    request = Request("GET", "https://a.example/", {}, b"", route={"name": name})
    sheet = (await static_files.serve(request)).body.decode()
    for above in (".organisation", ".people", ".part", ".people-panel", ".history"):
        assert f"{above}:has(" not in sheet
        assert f"{above}:not(:has(" not in sheet
