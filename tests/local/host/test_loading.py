"""A fault that prevents the host from starting is one line."""

from pathlib import Path

import azure.functions as func
import pytest

from local.host.errors import HostError
from local.host.functions import index
from local.host.hostfile import HostFile, read_host_file
from local.host.loading import find_app, load_module
from local.host.running import ROOT, running


def module(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some_app.py"
    path.write_text(f"import azure.functions as func\n{text}\n")
    return path


@pytest.mark.parametrize("text", ["", "one = func.FunctionApp()\ntwo = func.FunctionApp()"])
def test_exactly_one_app_must_be_there(tmp_path: Path, text: str) -> None:
    """A module must have exactly one FunctionApp, as the engine requires."""
    with pytest.raises(HostError, match="exactly one FunctionApp"):
        find_app(load_module(module(tmp_path, text), {}))


def test_missing_file_is_named(tmp_path: Path) -> None:
    """The error names the file and the remedy."""
    with pytest.raises(HostError, match="is not there"):
        load_module(tmp_path / "nothing.py", {})


def test_wrong_setting_is_named(tmp_path: Path) -> None:
    """The error is the one that the app's settings raise."""
    text = "import os\nfrom shared.settings import Settings\nSettings.read(os.environ)\napp = func.FunctionApp()"
    with pytest.raises(HostError, match="DEFAULT_REGION"):
        load_module(module(tmp_path, text), {"DEFAULT_REGION": "Britain"})


def test_storage_that_can_not_be_opened_is_reported(tmp_path: Path) -> None:
    """The error names the folder; here a file has its name."""
    (tmp_path / "file").write_text("")
    text = (
        "from shared.settings import Settings\nfrom shared.tables.open import open_tables\n"
        f"open_tables(Settings(tables='sqlite:///{tmp_path}/file/x.db'))"
    )
    with pytest.raises(HostError, match="storage can't be opened"):
        load_module(module(tmp_path, text), {})


async def test_settings_are_in_the_environment_only_while_it_runs(tmp_path: Path) -> None:
    """Settings are environment variables, as app settings on the platform, which also sets
    WEBSITE_AUTH_ENABLED; after the run they are gone.
    """
    import os

    text = 'import os\napp = func.FunctionApp()\nseen = os.environ["TRY"], os.environ["WEBSITE_AUTH_ENABLED"]'
    async with running(module(tmp_path, text), {"TRY": "1"}, host_file=HostFile()):
        assert os.environ["TRY"] == "1"
    assert "TRY" not in os.environ


async def test_app_can_be_run_twice() -> None:
    """The host stores the result of get_functions(), because an app returns it only once."""
    app = func.FunctionApp()
    app.route(route="x")(_answer)
    for _ in range(2):
        async with running(app) as host:
            assert len(host.host.functions.http) == 1


def _answer(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("")


def test_parameters_and_bindings_must_be_the_same() -> None:
    """A function must have a parameter for each binding and no other, as the engine requires."""
    app = func.FunctionApp()

    @app.route(route="x")
    def wrong(req: func.HttpRequest, other: str) -> func.HttpResponse:
        return func.HttpResponse("")

    with pytest.raises(HostError, match="parameters and bindings differ in other"):
        index(app, {})


def test_output_with_a_builtin_list_is_refused() -> None:
    """For `func.Out[list[str]]` of the built-in list, the engine reports "invalid non-type annotation" and
    loads no function, so the local host refuses it, too.
    """
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="timer", schedule="0 * * * * *")
    @app.queue_output(arg_name="out", queue_name="q", connection="c")
    def wrong(timer: func.TimerRequest, out: func.Out[list[str]]) -> None:
        pass

    with pytest.raises(HostError, match="List"):
        index(app, {})


def test_http_function_must_return_a_response_or_text() -> None:
    """The return annotation must be HttpResponse or str, as the engine requires."""
    app = func.FunctionApp()

    @app.route(route="x")
    def wrong(req: func.HttpRequest) -> dict[str, str]:
        return {}

    with pytest.raises(HostError, match="must return"):
        index(app, {})


def test_trigger_that_does_not_run_locally_is_named() -> None:
    """An unsupported trigger is an error, so that no function is missing unnoticed."""
    app = func.FunctionApp()

    @app.blob_trigger(arg_name="blob", path="x", connection="c")
    def wrong(blob: func.InputStream) -> None:
        pass

    with pytest.raises(HostError, match="blobTrigger"):
        index(app, {})


@pytest.mark.parametrize(
    "text", ["", "[]", '{"extensions":{"queues":{"batchSize":"x"}}}', '{"extensions":1}']
)
def test_host_json_that_can_not_be_used_is_named(tmp_path: Path, text: str) -> None:
    """The error names the file."""
    path = tmp_path / "host.json"
    path.write_text(text)
    with pytest.raises(HostError, match=r"host\.json"):
        read_host_file(path)


def test_host_json_of_the_product() -> None:
    """The product has no route prefix, so that addresses are short, and the queue settings that the local
    host simulates.
    """
    expected = HostFile(
        route_prefix="",
        batch_size=16,
        new_batch_threshold=8,
        max_dequeue_count=5,
        visibility_timeout=10.0,
    )
    assert read_host_file(ROOT / "host.json") == expected


def test_empty_host_json_has_the_platforms_defaults(tmp_path: Path) -> None:
    """Settings that host.json omits have the platform's defaults
    (learn.microsoft.com/azure/azure-functions/functions-host-json).
    """
    path = tmp_path / "host.json"
    path.write_text('{"version":"2.0"}')
    assert read_host_file(path) == HostFile(
        route_prefix="api",
        batch_size=16,
        new_batch_threshold=8,
        max_dequeue_count=5,
        visibility_timeout=0.0,
    )
