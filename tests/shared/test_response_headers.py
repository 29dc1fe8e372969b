"""Headers of answers: no text of a user turns an answer into the host's empty 500."""

import azure.functions as func
from hypothesis import example, given
from hypothesis import strategies as st

from local.counting_tables import CountingTables
from local.host.host import Host
from local.host.hostfile import HostFile
from shared.app import App
from shared.azure_functions import register_http, sendable
from shared.http import Request, Response
from shared.settings import Settings
from tests.clock import FixedClock


@given(st.text())
@example("Zürich \u260e")
@example("a\r\nX-Injected: 1")
@example("\ud800")
def test_any_text_becomes_a_header_that_the_host_sends(text: str) -> None:
    """Recorded from the real host: a character outside ASCII or a line end is an empty 500."""
    value = sendable(text)
    assert value.isascii()
    assert value.isprintable() or not value
    assert sendable(value) == value
    assert not text.isascii() or not text.isprintable() or value == text


async def test_a_name_in_a_header_leaves_the_app(tables: CountingTables, clock: FixedClock) -> None:
    """A directory's name in a file name, as an export has it."""
    functions, app = func.Blueprint(), App(Settings(), clock, tables)

    async def export(request: Request) -> Response:
        return Response(200, b"ok", {"Content-Disposition": 'attachment; filename="Zürich\n.csv"'})

    register_http(app, functions, "export", "export", export)
    function_app = func.FunctionApp()
    function_app.register_functions(functions)
    host = Host(function_app, environment={}, host_file=HostFile(route_prefix=""))
    answer = await host.call(Request("GET", "http://localhost/export", {}, b""))
    assert (answer.status, answer.body) == (200, b"ok")
    assert "Z%C3%BCrich%0A.csv" in answer.headers["content-disposition"]
    await host.stop()
