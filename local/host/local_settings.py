"""Read `local.settings.json`, in which the tools of Azure Functions keep one machine's settings.

Source: learn.microsoft.com/azure/azure-functions/functions-develop-local, "Local settings file".
"""

from collections.abc import Mapping
from pathlib import Path

import orjson

from local.host.errors import HostError


def read_local_settings(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the file's settings that the environment doesn't have; {} if there is no file.

    Raises:
        HostError: The file isn't valid.
    """
    if not path.exists():
        return {}
    try:
        content = orjson.loads(path.read_bytes())
        if content.get("IsEncrypted"):
            raise ValueError("it is encrypted; decrypt it with `func settings decrypt`")
        values = content.get("Values", {}).items()
        return {
            name: str(value)
            for name, value in values
            if name not in environment and value is not None
        }
    except (OSError, AttributeError, ValueError) as error:
        raise HostError(f"{path.name} can't be used: {error}.") from None
