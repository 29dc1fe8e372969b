"""Build the App from the environment and register the functions of every feature. No logic belongs here."""

import gc

import azure.functions as func

import contacts.endpoints
import directories.endpoints
import presence.endpoints
import scim.endpoints
import web.endpoints
from shared import telemetry
from shared.app import App
from shared.clock import SystemClock
from shared.log import LateLines
from shared.settings import Settings
from shared.tables.metered import MeteredTables
from shared.tables.open import open_tables

_settings = Settings.from_environment()
_late_lines = LateLines()
_app = App(
    _settings,
    SystemClock(),
    MeteredTables(open_tables(_settings)),
    telemetry=telemetry.start(_settings, _late_lines),
    late_lines=_late_lines,
)

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for _feature in (directories, scim, presence, contacts, web):
    app.register_functions(_feature.endpoints.blueprint(_app))

gc.freeze()  # the modules stay: without this, each full collection looks through them for 12 ms
