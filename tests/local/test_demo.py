"""`make run`: the demo on a machine that has nothing yet."""

from pathlib import Path

import aiohttp

from local.commands.demo import kept
from local.demo import company
from local.host.host import HostOptions
from local.host.running import running

ROOT = Path(__file__).parent.parent.parent


async def test_a_first_start_makes_the_folder_and_a_second_finds_the_directory(
    tmp_path: Path,
) -> None:
    """The token is kept beside the database, in a file for its owner alone, since the product keeps only its hash."""
    tables = f"sqlite:///{tmp_path}/new/demo.db"
    keep = kept(tables)
    async with (
        running(
            ROOT / "function_app.py", {"TABLES": tables}, port=0, options=HostOptions()
        ) as host,
        aiohttp.ClientSession(host.url) as session,
    ):
        first = await company.directory(session, keep)
        assert await company.directory(session, keep) == first
    assert keep.parent == tmp_path / "new"
    assert keep.stat().st_mode & 0o777 == 0o600


def test_two_demos_do_not_take_each_others_token() -> None:
    """One for each database file; any other engine has the one of `make run`."""
    assert kept("sqlite:////one/a.db") != kept("sqlite:////two/a.db")
    assert kept("UseDevelopmentStorage=true") == kept(None) == ROOT / "data" / "demo.json"
