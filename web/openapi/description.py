"""The whole description."""

from functools import cache
from typing import Any

import orjson

from web.openapi import contacts_api, directories_api, presence_api, scim_api
from web.openapi.parts import Json, answer, operation, path, text, thing

VERSION = "1.0"
_ABOUT = (
    "People of companies' directories with their Teams presence, for a contact centre. The JSON API is for signed-in"
    " people and for programs with an app role: `Directory.Admin`, or `Directory.Reader` for contacts. SCIM is for the"
    " companies' provisioning services, each with its own address and security token."
)
_FEATURES = (directories_api, contacts_api, presence_api, scim_api)


@cache
def describe() -> Json:
    """The description (OpenAPI 3.1.0), the same for every deployment."""
    problem = thing(
        {
            "type": text(),
            "title": text(),
            "status": {"type": "integer"},
            "code": text("What is wrong, for programs"),
            "detail": text("What is wrong and what helps, in English"),
        },
        {"field": text("The field at fault"), "reason": text("Why presence fails")},
        "RFC 9457",
    )
    schemas: Json = {"Problem": problem}
    paths: Json = {}
    for feature in _FEATURES:
        schemas |= feature.schemas()
        paths |= feature.paths()
    about = operation(
        "readDescription",
        "Description",
        "This description",
        {200: answer("OpenAPI", {"type": "object"})},
    )
    paths["/api/openapi.json"] = path("api_description", get=about)
    platform = "Sign-in with Microsoft Entra ID in front of the app; programs send a token of an allowed application"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "External Directories",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"signIn": []}],
        "tags": [
            {"name": name}
            for name in ("Directories", "Contacts", "Presence", "SCIM", "Description")
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "signIn": {"type": "http", "scheme": "bearer", "description": platform},
                "securityToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The directory's security token, or an access token of its token endpoint",
                },
            },
        },
    }


@cache
def as_bytes() -> bytes:
    """The description as it is served."""
    description: Any = describe()
    return orjson.dumps(description)
