"""`python -m local directory`: create, list, rotate and delete directories from the command line."""

import argparse
import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from local.host.sign_in import ACCOUNT

NAME = "directory"
HELP = "add, list, rotate or delete directories; prints JSON"
_DEFAULT_TABLES = "sqlite:///data/directory.db"
_REMOVAL_SECONDS = 3600.0
Options = dict[str, dict[str, Any]]


# Options by name, with the arguments of `add_argument`.
_COMMON: Options = {
    "--tables": {
        "default": _DEFAULT_TABLES,
        "metavar": "URL",
        "help": "where the directories are (default: %(default)s)",
    },
    "--account": {
        "default": ACCOUNT,
        "metavar": "TENANT",
        "help": "owner: an Entra tenant id (default: the local one)",
    },
    "--url": {
        "default": "http://127.0.0.1:7071",
        "help": "the app's address (default: %(default)s)",
    },
}
_NEW: Options = {
    "--name": {"required": True, "help": "its name on the pages; gets a number if it is taken"},
    "--kind": {
        "choices": ("entra", "other"),
        "default": "entra",
        "help": "who provisions it (default: entra)",
    },
    "--region": {
        "default": "",
        "metavar": "XX",
        "help": "ISO 3166 region of national numbers (default: GB)",
    },
    "--strict-numbers": {
        "action": "store_true",
        "help": "refuse people with numbers that can't be read",
    },
    "--id": {
        "default": "",
        "help": "keep the id of another deployment, so that the address stays",
    },
    "--token": {"default": "", "help": "keep the security token of another deployment"},
}
_ONE: Options = {"--id": {"required": True, "help": "the directory"}}
_ROTATED: Options = {
    **_ONE,
    "--overlap": {
        "type": float,
        "default": 24.0,
        "metavar": "HOURS",
        "help": "how long the replaced token stays valid (24)",
    },
    "--replaces": {
        "default": "",
        "metavar": "TOKEN",
        "help": "ID of the token to replace; needed if two are valid, then with --overlap 0",
    },
}
_DESCRIBED: dict[str, tuple[str, Options]] = {
    "add": ("make a directory; prints its id, SCIM base URL and token", _NEW),
    "list": ("the account's directories, without their tokens", {}),
    "rotate": ("issue a new token; prints it", _ROTATED),
    "delete": ("delete a directory and its people, for good", _ONE),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions (subcommands) and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, (text, own) in _DESCRIBED.items():
        action = actions.add_parser(name, help=text)
        for option, described in (_COMMON | own).items():
            action.add_argument(option, **described)


def run(arguments: argparse.Namespace) -> int:
    """Run the action and print its result as JSON; return 1, after a line on standard error, if it fails."""
    from directories.errors import InvalidField, NotThere, Overtaken, TooMany
    from shared.settings import SettingsError
    from shared.tables.port import StorageUnavailable

    try:
        result = asyncio.run(_act(arguments))
    except InvalidField as error:
        option = "overlap" if error.field == "overlapHours" else error.field
        return _failed(f"--{option}: {error.message.text()}")
    except TooMany as error:
        return _failed(error.message.text())
    except NotThere:
        return _failed(f"there is no directory {arguments.id} in account {arguments.account}")
    except Overtaken:
        return _failed("somebody else changed the directory at the same time; try again")
    except SettingsError as error:
        return _failed(str(error))
    except (StorageUnavailable, OSError, sqlite3.Error) as error:
        return _failed(f"{arguments.tables} can't be used: {error}")
    print(orjson.dumps(result).decode())
    return 0


def _failed(reason: str) -> int:
    print(f"directory: {reason}", file=sys.stderr)
    return 1


async def _act(arguments: argparse.Namespace) -> Any:
    from shared.app import App
    from shared.clock import SystemClock
    from shared.settings import Settings
    from shared.tables.open import open_tables

    settings = Settings.read({"TABLES": arguments.tables, "PUBLIC_URL": arguments.url})
    app = App(settings, SystemClock(), open_tables(settings))
    try:
        return await _ACTIONS[arguments.action](app, arguments)
    finally:
        await app.close()


async def _add(app: Any, arguments: argparse.Namespace) -> dict[str, Any]:
    from directories.audit import operator_actor
    from directories.service import NewDirectory, create

    new = NewDirectory(
        name=await _free_name(app, arguments.account, arguments.name),
        kind=arguments.kind,
        region=arguments.region,
        strict_numbers=arguments.strict_numbers,
        id=arguments.id,
        token=arguments.token,
    )
    directory, token = await create(app, operator_actor(arguments.account), new)
    return {
        "directory_id": directory.id,
        "scim_base_url": _base_url(app, directory.id),
        "token": token,
    }


async def _free_name(app: Any, account: str, name: str) -> str:
    """Return the name, or if the account has it already, the name with the next free number.

    Scripts that always add a directory with the same name need this.
    """
    from directories.names import is_same
    from directories.service import list_directories

    names = [directory.name for directory in await list_directories(app, account)]
    free, number = name, 1
    while any(is_same(free, one) for one in names):
        number += 1
        free = f"{name} ({number})"
    return free


async def _list(app: Any, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from directories import totals
    from directories.service import list_directories

    found = []
    for directory in await list_directories(app, arguments.account):
        people = await totals.stored(app, directory.id)
        found.append(
            {
                "directory_id": directory.id,
                "name": directory.name,
                "kind": directory.kind,
                "region": directory.region,
                "strict_numbers": directory.strict_numbers,
                "created": directory.created,
                "people": people.users,
                "groups": people.groups,
                "scim_base_url": _base_url(app, directory.id),
            }
        )
    return found


async def _rotate(app: Any, arguments: argparse.Namespace) -> dict[str, Any]:
    from directories.audit import operator_actor
    from directories.credentials import Replacement, rotate

    replacement = Replacement(arguments.overlap, arguments.replaces)
    issued = await rotate(
        app, operator_actor(arguments.account), arguments.id, "tokens", replacement
    )
    replaced = issued.replaced
    return {
        "directory_id": issued.directory.id,
        "scim_base_url": _base_url(app, issued.directory.id),
        "token": issued.plain,
        "token_until": issued.credential.expires or None,
        "old_token_until": replaced.expires if replaced else None,
    }


async def _delete(app: Any, arguments: argparse.Namespace) -> dict[str, Any]:
    from contacts.endpoints import register_jobs
    from directories.audit import operator_actor
    from directories.deletion import remove_now

    actor = operator_actor(arguments.account)
    register_jobs(app)
    deadline = app.clock.monotonic() + _REMOVAL_SECONDS
    removed = await remove_now(app, actor, arguments.id, deadline)
    return {"directory_id": arguments.id, "deleted": True, "rows_removed": removed}


def _base_url(app: Any, directory_id: str) -> str:
    from directories.serializers import scim_base_url

    return scim_base_url(app, "", directory_id)


_ACTIONS: dict[str, Callable[[Any, argparse.Namespace], Awaitable[Any]]] = {
    "add": _add,
    "list": _list,
    "rotate": _rotate,
    "delete": _delete,
}
