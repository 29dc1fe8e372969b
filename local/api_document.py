"""The description as a document for people: Markdown with a table and an example for each operation."""

import json
from collections.abc import Iterator
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
_HEAD = """# API

{about}

The machine-readable description (OpenAPI 3.1) is served at `/api/openapi.json`; this document is made from it by
`python -m local api --to docs/api.md`.

- **Sign-in.** In Azure, App Service Authentication stands in front of `/api`. A program is an
  application of your tenant that is named in `API_CLIENT_IDS` and has an app role of the sign-in registration (*API
  permissions*, *Application permissions*). It asks for a token with the scope `<SIGN_IN_CLIENT_ID>/.default` (client
  credentials) and sends it as `Authorization: Bearer …`. On your own machine (`make run`) you are signed in
  already. `/scim` takes a directory's security token.
- **Errors** of the API are `application/problem+json` (RFC 9457) with `detail` for people and `code` for programs,
  and `field` if one field is at fault; those of SCIM are SCIM errors (RFC 7644 section 3.12). A 429 or 503 has `Retry-After`.
- **Changes** sent by browsers are taken from the product's own pages only (`Origin`).
- **Pages.** Lists go on with the cursor that they end with; without one they are complete.

```console
curl -H "Authorization: Bearer $TOKEN" "https://<your app>/api/contacts?q=mull"
curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{{"numbers": ["030 901820"]}}' "https://<your app>/api/contacts/lookup"
```
"""


def document(description: dict[str, Any]) -> str:
    """The whole document."""
    parts = [_HEAD.format(about=description["info"]["description"])]
    for tag in description["tags"]:
        parts.append(f"## {tag['name']}\n")
        for path, item in description["paths"].items():
            for method in _METHODS:
                if method in item and tag["name"] in item[method]["tags"]:
                    parts.append("\n".join(_operation(path, method, item, item[method])))
    parts.append("## Objects\n")
    for name, schema in sorted(description["components"]["schemas"].items()):
        parts.append("\n".join(_object(name, schema)))
    return "\n".join(parts).rstrip() + "\n"


def _operation(
    path: str, method: str, item: dict[str, Any], operation: dict[str, Any]
) -> Iterator[str]:
    yield f"### {method.upper()} {path}\n"
    yield f"{operation['summary']}.\n"
    parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
    if parameters:
        yield "| parameter | in | meaning |\n| --- | --- | --- |"
        yield from (
            f"| `{one['name']}` | {one['in']} | {_cell(one['description'])} |" for one in parameters
        )
        yield ""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"Body, `{media_type}`: {_kind(content['schema'])}\n"
        yield from _example(content)
    yield "| answer | meaning |\n| --- | --- |"
    for status, response in operation["responses"].items():
        kinds = {_kind(content["schema"]) for content in response.get("content", {}).values()}
        kinds -= {"text", "[Problem](#problem)", "[ScimError](#scimerror)"}
        yield f"| {status} | {_cell(response['description'])}{': ' + ', '.join(sorted(kinds)) if kinds else ''} |"
    yield ""
    for response in operation["responses"].values():
        for content in response.get("content", {}).values():
            if "example" in content:
                yield from _example(content)


def _example(content: dict[str, Any]) -> Iterator[str]:
    if "example" in content:
        yield f"```json\n{json.dumps(content['example'], indent=2, ensure_ascii=False)}\n```\n"


def _object(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if schema.get("description"):
        yield f"{schema['description']}.\n"
    for part in schema.get("allOf", [schema]):
        if "$ref" in part:
            yield f"All of {_kind(part)}, and:\n"
            continue
        required = part.get("required", [])
        yield "| member | type | |\n| --- | --- | --- |"
        for member, own in part.get("properties", {}).items():
            marks = [
                *(["always"] if member in required else []),
                *(["read only"] if own.get("readOnly") else []),
            ]
            said = ". ".join(
                filter(None, (own.get("description", "").rstrip("."), ", ".join(marks)))
            )
            yield f"| `{member}` | {_kind(own)} | {_cell(said)} |"
        yield ""


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return " / ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    for word, together in (("anyOf", " or "), ("allOf", " and ")):
        if word in schema:
            return together.join(_kind(part) for part in schema[word])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if schema.get("type") == "object" and schema.get("properties"):
        return "object (" + ", ".join(f"`{name}`" for name in schema["properties"]) + ")"
    words = {"string": "text", "boolean": "true / false"}
    kind = str(schema.get("type", "anything"))
    return words.get(kind, kind)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
