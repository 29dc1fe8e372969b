"""Static files, which browsers cache for a year."""

import gzip

import pytest

from shared.http import HttpError, Request
from web import static_files


async def _get(name: str, **headers: str) -> object:
    request = Request(
        "GET", f"https://app.example.com/static/{name}", headers, b"", route={"name": name}
    )
    return await static_files.serve(request)


async def test_a_files_name_contains_a_hash_of_its_content() -> None:
    """A new release has new names, so that the old ones may be cached for ever."""
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
async def test_only_hashed_names_are_served(name: str) -> None:
    """Names of other files get 404."""
    with pytest.raises(HttpError):
        await _get(name)


async def test_no_style_depends_on_has_of_a_container_of_rows() -> None:
    """Browsers evaluate `:has` again for each new row in its subject, and restyle everything that
    depends on it.
    """
    name = static_files.address("agent.css").removeprefix("/static/")
    request = Request("GET", "https://a.example/", {}, b"", route={"name": name})
    sheet = (await static_files.serve(request)).body.decode()
    for above in (".organisation", ".people", ".part", ".people-panel", ".history"):
        assert f"{above}:has(" not in sheet
        assert f"{above}:not(:has(" not in sheet
