"""Load a module with its settings in the environment, and find its one function app, as the platform's engine does."""

import contextlib
import importlib.util
import itertools
import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from azure.functions.decorators.function_app import FunctionRegister

from local.host.errors import HostError
from shared.app import App
from shared.settings import SettingsError
from shared.tables.port import TableError

_numbers = itertools.count(1)


def load_module(path: Path, environment: Mapping[str, str]) -> ModuleType:
    """Execute the file as a new module; os.environ has `environment` while it runs.

    Raises:
        HostError: The file is missing, its settings are not valid, or its storage can't be opened.
    """
    name = f"{path.stem}_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.exists():
        raise HostError(f"{path} is not there: run this in the folder of the function app.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with settings_in_environment(environment):
            spec.loader.exec_module(module)
    except SettingsError as error:
        raise HostError(f"The settings can't be used: {error}.") from None
    except (TableError, sqlite3.Error, OSError) as error:
        raise HostError(
            f"The storage can't be opened: {error}. Check the setting TABLES."
        ) from None
    return module


@contextlib.contextmanager
def settings_in_environment(values: Mapping[str, str]) -> Iterator[None]:
    """Add settings to os.environ inside the block, and restore it afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def find_app(module: ModuleType) -> FunctionRegister:
    """Return the function app of the module; raise HostError unless there is exactly one."""
    apps = {
        id(value): value for value in vars(module).values() if isinstance(value, FunctionRegister)
    }
    if len(apps) != 1:
        raise HostError(
            f"{module.__name__} must define exactly one FunctionApp; it has {len(apps)}."
        )
    return next(iter(apps.values()))


async def close_app(module: ModuleType | None) -> None:
    """Close every App of the module. Azure Functions doesn't need this, because it ends the process."""
    for value in list(vars(module).values()) if module else []:
        if isinstance(value, App):
            await value.close()
