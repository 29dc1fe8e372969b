"""Backup and restore between engines transfer every row completely, and print no personal data."""

import asyncio
import io
import re
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from local.__main__ import main
from local.counting_tables import CountingTables
from local.transfer import file, importing
from local.transfer.exporting import export
from local.transfer.file import TransferError
from local.transfer.importing import load
from local.transfer.progress import Progress
from shared import keys
from shared.app import App
from shared.settings import Settings
from shared.tables.open import open_tables
from shared.tables.port import Operation, Upsert
from tests.clock import FixedClock
from tests.local.transfer.filled import Deployment, every_row
from tests.rounds import rounds

LEFT_OUT = {("work", "health")}


@pytest.fixture
def quiet() -> Progress:
    """Return a progress that prints nothing."""
    return Progress(io.StringIO(), "")


@asynccontextmanager
async def opened(where: str) -> AsyncIterator[App]:
    """Yield an App over the tables that `where`, a value of TABLES, names."""
    settings = Settings.read({"TABLES": where})
    tables = open_tables(settings)
    try:
        yield App(settings, FixedClock(), tables)
    finally:
        await tables.close()


async def test_every_row_arrives_on_the_other_engine_and_back(
    deployment: Deployment,
    quiet: Progress,
    azurite_tables: str,
    tmp_path: Path,
    place: Callable[[str], str],
) -> None:
    """Rows exported from SQLite to Azure Tables and back are equal byte for byte, in every partition."""
    await export(deployment.app, tmp_path / "one", quiet)
    async with opened(azurite_tables) as azure:
        await load(azure, tmp_path / "one", quiet, replace=True)
        await export(azure, tmp_path / "two", quiet)
    async with opened(place("back")) as back:
        await load(back, tmp_path / "two", quiet)
    before = {
        place: value
        for place, value in every_row(tmp_path / "test.db").items()
        if place[:2] not in LEFT_OUT
    }
    assert len({(table, partition) for table, partition, _ in before}) >= 9
    assert every_row(tmp_path / "back.db") == before


async def test_commands_end_with_a_check(
    deployment: Deployment,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    place: Callable[[str], str],
) -> None:
    """`export`, `import` and `check` exit with 0, and print no name, number or token."""
    arguments = ["export", "--tables", place("test"), "--to", f"{tmp_path}/backup"]
    assert await asyncio.to_thread(main, arguments) == 0
    arguments = ["import", "--tables", place("new"), "--from", f"{tmp_path}/backup"]
    assert await asyncio.to_thread(main, arguments) == 0
    said = "".join(capsys.readouterr())
    assert "no faults" in said
    for secret in (deployment.contoso.token, "example.com", "Müller", "7946"):
        assert secret not in said
    assert await asyncio.to_thread(main, ["check", "--tables", place("new")]) == 0


async def test_file_is_for_its_owner_only(
    deployment: Deployment, quiet: Progress, tmp_path: Path
) -> None:
    """The export has mode 0600, because it contains personal data."""
    await export(deployment.app, tmp_path / "backup", quiet)
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600
    assert deployment.contoso.token not in (tmp_path / "backup").read_text()


class Stopped(Exception):
    """Raised by a test to simulate that the process was killed."""


class Stopping(CountingTables):
    """An engine that runs `after` transactions, and raises Stopped instead of each further one."""

    def __init__(self, inner: CountingTables, after: int) -> None:
        super().__init__(inner)
        self.after = after

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        self.after -= 1
        if self.after < 0:
            raise Stopped
        return await super().transact(table, partition, operations)


@pytest.mark.parametrize("replace", [False, True])
async def test_an_interrupted_import_continues(
    deployment: Deployment,
    quiet: Progress,
    tmp_path: Path,
    place: Callable[[str], str],
    replace: bool,
) -> None:
    """An import that is killed repeatedly and started again stores all rows.

    Only the first run needs --replace. A later run doesn't write rows again that an earlier one recorded
    as stored.
    """
    await export(deployment.app, tmp_path / "backup", quiet)
    async with opened(place("new")) as target:
        if replace:
            await target.tables.transact("contacts", "oldone", [Upsert("user|x", b'{"v":1}')])
            await target.tables.transact("directories", "index|all", [Upsert("oldone", b'{"v":1}')])
        stops, first = 0, replace
        for _ in rounds():
            engine = Stopping(CountingTables(target.tables), after=7)
            try:
                done = await load(
                    App(target.settings, target.clock, engine),
                    tmp_path / "backup",
                    quiet,
                    replace=first,
                )
                break
            except Stopped:
                stops, first = stops + 1, False
        assert done.continued
        assert stops >= 3
    expected = {
        place: value
        for place, value in every_row(tmp_path / "test.db").items()
        if place[:2] not in LEFT_OUT
    }
    assert every_row(tmp_path / "new.db") == expected


async def test_target_with_rows_is_not_overwritten(
    deployment: Deployment, quiet: Progress, tmp_path: Path, place: Callable[[str], str]
) -> None:
    """Only --replace removes existing rows; without it, the import is refused and changes nothing."""
    await export(deployment.app, tmp_path / "backup", quiet)
    async with opened(place("new")) as target:
        await target.tables.transact("directories", "index|all", [Upsert("oldone", b'{"v":1}')])
        before = every_row(tmp_path / "new.db")
        with pytest.raises(TransferError, match="--replace"):
            await load(target, tmp_path / "backup", quiet)
        assert every_row(tmp_path / "new.db") == before


async def test_an_unfinished_import_of_another_file_is_not_continued(
    deployment: Deployment,
    quiet: Progress,
    tmp_path: Path,
    place: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Rows of two backups are never mixed: `check` reports the unfinished import, and --replace removes all
    its rows.
    """
    await export(deployment.app, tmp_path / "one", quiet)
    assert (await deployment.contoso.user("late@example.com")).status == 201
    await export(deployment.app, tmp_path / "two", quiet)
    async with opened(place("new")) as target:
        half = App(target.settings, target.clock, Stopping(CountingTables(target.tables), after=6))
        with pytest.raises(Stopped):
            await load(half, tmp_path / "one", quiet)
        with pytest.raises(TransferError, match="--replace"):
            await load(target, tmp_path / "two", quiet)
        assert await asyncio.to_thread(main, ["check", "--tables", place("new")]) == 1
        assert "import was begun and has not ended" in capsys.readouterr().out
        await load(target, tmp_path / "two", quiet, replace=True)
        assert await asyncio.to_thread(main, ["check", "--tables", place("new")]) == 0
    expected = {
        place: value
        for place, value in every_row(tmp_path / "test.db").items()
        if place[:2] not in LEFT_OUT
    }
    assert every_row(tmp_path / "new.db") == expected


async def test_export_that_was_stopped_is_recognised(
    deployment: Deployment, quiet: Progress, tmp_path: Path, place: Callable[[str], str]
) -> None:
    """An export gets its file name only when it is complete; a truncated file is refused before anything
    is written.
    """
    await export(deployment.app, tmp_path / "backup", quiet)
    content = (tmp_path / "backup").read_bytes()
    lines = content.splitlines(keepends=True)
    cuts = [b"".join(lines[:count]) for count in (0, 1, 2, 3, len(lines) // 2, len(lines) - 1)]
    async with opened(place("new")) as target:
        for cut in [*cuts, content[: len(content) // 2], content[:-5]]:
            (tmp_path / "cut").write_bytes(cut)
            with pytest.raises(TransferError):
                await load(target, tmp_path / "cut", quiet)
        assert every_row(tmp_path / "new.db") == {}


async def test_damaged_file_is_refused(
    deployment: Deployment, quiet: Progress, tmp_path: Path
) -> None:
    """The checksum of a section detects a changed value, a missing row and two exchanged rows; the error
    names the section.
    """
    await export(deployment.app, tmp_path / "backup", quiet)
    lines = (tmp_path / "backup").read_bytes().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.startswith(b'{"k":"find|'))
    for changed in (
        [*lines[:at], lines[at].replace(b"find", b"fund"), *lines[at + 1 :]],
        [*lines[:at], *lines[at + 1 :]],
        [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
        [*lines[:at], b"{}\n", *lines[at + 1 :]],
        [*lines[:at], b"not JSON\n", *lines[at + 1 :]],
    ):
        (tmp_path / "changed").write_bytes(b"".join(changed))
        with pytest.raises(TransferError, match="damaged at line"):
            file.overview(tmp_path / "changed")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"", "no export"),
        (b"{}\n", "no export"),
        (b"[1]\n", "no export"),
        (b'{"format":"x"}\n', "no export"),
    ],
)
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, header: bytes, said: str) -> None:
    """A file that isn't an export is an error."""
    (tmp_path / "other").write_bytes(header)
    with pytest.raises(TransferError, match=said):
        file.overview(tmp_path / "other")


def test_a_file_of_a_later_release_is_refused(tmp_path: Path) -> None:
    """The error names the release that can read the file."""
    (tmp_path / "later").write_bytes(
        file.header_line("2026").replace(b'"version":1', b'"version":2')
    )
    with pytest.raises(TransferError, match="format 2, this release reads 1"):
        file.overview(tmp_path / "later")


class Busy(CountingTables):
    """An engine that changes a user after each of the first `times` reads of a directory's rows."""

    def __init__(self, inner: CountingTables, change: Callable[[], object], times: int) -> None:
        super().__init__(inner)
        self.change, self.times = change, times

    async def query(self, table, partition, start, stop, *, limit=1000, keys_only=False):  # type: ignore[no-untyped-def]
        found = await super().query(table, partition, start, stop, limit=limit, keys_only=keys_only)
        if (table, partition, start, keys_only) == (
            "contacts",
            "contoso",
            "",
            False,
        ) and self.times:
            self.times -= 1
            await self.change()  # type: ignore[misc]
        return found


@pytest.mark.parametrize(("times", "restless"), [(2, []), (99, ["contoso"])])
async def test_directory_that_changes_is_read_again(
    deployment: Deployment,
    quiet: Progress,
    tmp_path: Path,
    place: Callable[[str], str],
    times: int,
    restless: list[str],
) -> None:
    """An export reads a directory again if it changed during the read; after too many changes it reports
    the directory.
    """
    number = iter(range(1000))

    async def change() -> None:
        assert (await deployment.contoso.user(f"new{next(number)}@example.com")).status == 201

    app = deployment.app
    busy = App(app.settings, app.clock, Busy(app.tables, change, times))  # type: ignore[arg-type]
    done = await export(busy, tmp_path / "backup", quiet)
    assert done.restless == restless
    people = re.findall(r'"k":"name\|new(\d)', (tmp_path / "backup").read_text())
    assert people == (["0", "1"] if not restless else ["0", "1", "2", "3"])


async def test_other_rows_in_the_target_are_noticed(
    deployment: Deployment,
    quiet: Progress,
    tmp_path: Path,
    place: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An import reads each partition after writing it, so that rows of another program are an error."""
    await export(deployment.app, tmp_path / "backup", quiet)
    async with opened(place("new")) as target:
        await target.tables.transact("contacts", "contoso", [Upsert("user|stranger", b'{"v":1}')])
        with pytest.raises(TransferError, match="contoso"):
            await load(target, tmp_path / "backup", quiet)


async def test_large_rows_are_divided_into_transactions(
    app: App, quiet: Progress, tmp_path: Path, place: Callable[[str], str]
) -> None:
    """A transaction has at most 4 MiB on the wire, also if encoding makes its rows much longer."""
    await app.tables.transact("directories", "index|all", [Upsert("big", b'{"v":1}')])
    for number in range(20):
        value = ('{"v":"' + "é" * 200_000 + '"}').encode()
        await app.tables.transact("contacts", "big", [Upsert(keys.key("user", str(number)), value)])
    await export(app, tmp_path / "backup", quiet)
    async with opened(place("new")) as target:
        await load(target, tmp_path / "backup", quiet)
    assert every_row(tmp_path / "new.db") == every_row(tmp_path / "test.db")


async def test_a_storage_call_that_fails_is_retried(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A temporary fault doesn't end an import, which may take hours."""
    from shared.tables.port import StorageUnavailable

    monkeypatch.setattr(importing, "_PATIENCE", (0.0, 0.0))
    answers = iter([StorageUnavailable("gone"), StorageUnavailable("gone"), None])

    async def work() -> str:
        if error := next(answers):
            raise error
        return "done"

    assert await importing._patiently(work) == "done"


class Terminal(io.StringIO):
    """A text file that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_only() -> None:
    """A terminal gets one line with the number of rows; a file gets none."""
    screen, log = Terminal(), io.StringIO()
    for out in (screen, log):
        shown = Progress(out, "Imported", 200)
        shown.add(100, "contacts")
        shown.end()
    assert "Imported 100 of 200 (50 %) rows" in screen.getvalue()
    assert log.getvalue() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "--tables", "sqlite:///{}/none.db", "--to", "{}/b"], "does not exist"),
        (
            ["export", "--tables", "sqlite:///{}/e.db", "--to", "{}/no/folder"],
            "No such file or directory",
        ),
        (["export", "--tables", "nonsense", "--to", "{}/b"], "TABLES"),
        (
            ["import", "--tables", "sqlite:///{}/new.db", "--from", "{}/none"],
            "No such file or directory",
        ),
        (["check", "--tables", "sqlite:///{}/none.db"], "does not exist"),
        (["export", "--tables", "sqlite:///{}/e.db", "--to", "{}/e.db"], "--replace"),
    ],
)
def test_an_error_is_reported_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """The exit code is 1, and standard error has one line without a traceback."""
    asyncio.run(_make(tmp_path / "e.db"))
    assert main([argument.format(tmp_path) for argument in arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_an_interruption_is_reported_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C the exit code is 130, as in shells, and there is no traceback."""

    async def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("local.transfer.exporting.export", stopped)
    asyncio.run(_make(tmp_path / "e.db"))
    assert (
        main(["export", "--tables", f"sqlite:///{tmp_path}/e.db", "--to", f"{tmp_path}/b"]) == 130
    )
    assert capsys.readouterr().err == "Stopped.\n"


async def _make(path: Path) -> None:
    await open_tables(Settings.read({"TABLES": f"sqlite:///{path}"})).close()
