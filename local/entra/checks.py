"""Checks whether Entra could work with a response.

Each returns a list of faults, as texts for the report; it is empty if there are none. Sources:
Microsoft Learn, "Develop a SCIM endpoint" and "Troubleshoot user provisioning validation"; RFC 7643
and 7644.
"""

import re
from typing import Any

from local.entra.mapping import ENTERPRISE, GROUP, MANAGER, USER, Flat, flatten
from local.entra.wire import Response

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

_DATE_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


def status(response: Response, *expected: int) -> list[str]:
    """Return what is wrong with the status and the body's format; an empty list if nothing is.

    The status must be one of `expected`. The format depends on the status: a 204 has no body, and
    an error is a SCIM error.
    """
    reasons = _envelope(response)
    if response.status not in expected:
        wanted = " or ".join(str(each) for each in expected)
        reasons.insert(0, f"status {response.status} instead of {wanted}{_detail_of(response)}")
    if response.status >= 400:
        reasons += _error_body(response)
    return reasons


def user(response: Response, sent: Flat, *, created: bool = False) -> list[str]:
    """Return what is wrong with the body, which must be a User with every sent value unchanged.

    The list is empty if nothing is. With `created`, Location is checked, too.
    """
    resource = response.content
    if not isinstance(resource, dict):
        return ["the body is not a JSON object"]
    return (
        resource_frame(resource, USER, "User")
        + (_location(response, resource) if created else [])
        + echo(resource, sent)
    )


def group(response: Response, sent: Flat, *, created: bool = False) -> list[str]:
    """Return what is wrong with the body, which must be a Group with every sent value unchanged.

    The list is empty if nothing is. With `created`, Location is checked, too.
    """
    resource = response.content
    if not isinstance(resource, dict):
        return ["the body is not a JSON object"]
    reasons = resource_frame(resource, GROUP, "Group") + (
        _location(response, resource) if created else []
    )
    return reasons + [
        f"{name} came back as {resource.get(name)!r} instead of {value!r}"
        for name, value in sent.items()
        if resource.get(name) != value
    ]


def resource_frame(resource: dict[str, Any], schema: str, kind: str) -> list[str]:
    """Return what is wrong with `id`, `schemas` and `meta`; an empty list if nothing is.

    The rules are those of RFC 7643 section 3.
    """
    reasons = []
    if not isinstance(resource.get("id"), str) or not resource["id"]:
        reasons.append(f"id is {resource.get('id')!r}, not a text")
    if schema not in (resource.get("schemas") or ()):
        reasons.append(f"schemas does not name {schema}")
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return [*reasons, "meta is missing"]
    if meta.get("resourceType") != kind:
        reasons.append(f"meta.resourceType is {meta.get('resourceType')!r} instead of {kind!r}")
    for name in ("created", "lastModified"):
        if not _DATE_TIME.match(str(meta.get(name))):
            reasons.append(f"meta.{name} is {meta.get(name)!r}, not a date and time")
    return reasons


def echo(resource: dict[str, Any], sent: Flat) -> list[str]:
    """Return what is wrong with the attributes of a user; an empty list if nothing is.

    Every sent value must be returned unchanged and with the same JSON type, `active` must be a
    boolean, a manager must be an object, and no type may occur twice among emails, among numbers,
    or among addresses.
    """
    received, reasons = flatten(resource), []
    for attribute, value in sent.items():
        got = received.get(attribute)
        if type(got) is not type(value) or got != value:
            reasons.append(f"{attribute} came back as {got!r} instead of {value!r}")
    if "active" in resource and not isinstance(resource["active"], bool):
        reasons.append("active is not a boolean")
    extension = resource.get(ENTERPRISE)
    manager = extension.get("manager") if isinstance(extension, dict) else None
    if manager is not None and not (
        isinstance(manager, dict) and isinstance(manager.get("value"), str)
    ):
        reasons.append(
            f"{MANAGER} is not an object with a value: Entra can't deserialize the resource"
        )
    return reasons + _doubled(resource)


def listing(response: Response, kind: str) -> list[str]:
    """Return what is wrong with the response to a query without `startIndex` and `count`.

    The list is empty if nothing is. The body must be a ListResponse, even if nothing matches the
    query, and its counts must agree with its resources.
    """
    reasons = _list_response(response, kind)
    return reasons or _counts(response.content, len(response.content["Resources"]))


def page(response: Response, start: int, count: int) -> list[str]:
    """Return what is wrong with one page of users; an empty list if nothing is.

    It must begin with the resource number `start`, have at most `count` resources, and may be empty
    only if `start` is after the last resource (RFC 7644 section 3.4.2.4).
    """
    reasons = _list_response(response, "User")
    if reasons:
        return reasons
    content, returned = response.content, len(response.content["Resources"])
    if content["startIndex"] != start:
        reasons.append(f"startIndex is {content['startIndex']} instead of {start}")
    if content["itemsPerPage"] != returned:
        reasons.append(f"itemsPerPage is {content['itemsPerPage']} with {returned} resources")
    if returned > count:
        reasons.append(f"{returned} resources instead of at most {count}")
    if not returned and content["totalResults"] >= start:
        reasons.append(f"no resources from {start}, but totalResults is {content['totalResults']}")
    return reasons


def _list_response(response: Response, kind: str) -> list[str]:
    content = response.content
    if not isinstance(content, dict):
        return ["the body is not a JSON object"]
    reasons = []
    if content.get("schemas") != [LIST_RESPONSE]:
        reasons.append("schemas is not that of a ListResponse")
    resources = content.get("Resources")
    if not isinstance(resources, list):
        return [*reasons, "Resources is not an array"]
    for name in ("totalResults", "startIndex", "itemsPerPage"):
        if not isinstance(content.get(name), int) or isinstance(content.get(name), bool):
            reasons.append(f"{name} is {content.get(name)!r}, not an integer")
    schema = USER if kind == "User" else GROUP
    for resource in resources[:1]:
        reasons += (
            resource_frame(resource, schema, kind)
            if isinstance(resource, dict)
            else ["a resource is no object"]
        )
    return reasons


def schemas(response: Response) -> list[str]:
    """Return what is wrong with the response of /Schemas; an empty list if nothing is.

    It must list the User schema and contain no null, because Entra's schema discovery can't parse
    null.
    """
    content = response.content
    if (
        response.status != 200
        or not isinstance(content, dict)
        or not isinstance(content.get("Resources"), list)
    ):
        return ["/Schemas is not a ListResponse"]
    reasons = [] if b":null" not in response.body.replace(b" ", b"") else ["/Schemas holds nulls"]
    if USER not in [each.get("id") for each in content["Resources"] if isinstance(each, dict)]:
        reasons.append(f"/Schemas does not list {USER}")
    return reasons


def match(response: Response, kind: str, attribute: str, value: str) -> list[str]:
    """Return what is wrong with the response to a matching filter; an empty list if nothing is.

    It may contain at most one resource, whose `attribute` must have the requested `value`.
    """
    reasons = status(response, 200)
    reasons += listing(response, kind) if response.status == 200 else []
    if reasons:
        return reasons
    resources = response.content["Resources"]
    if len(resources) > 1:
        reasons.append(f"{len(resources)} resources match: Entra can't tell which one is meant")
    for resource in resources:
        if str(flatten(resource).get(attribute)).casefold() != value.casefold():
            reasons.append(f"a resource with another {attribute} was returned")
    return reasons


def _envelope(response: Response) -> list[str]:
    if response.status == 204:
        return ["a 204 has a body"] if response.body else []
    reasons = []
    content_type = response.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/scim+json":
        reasons.append(f"Content-Type is {content_type!r} instead of application/scim+json")
    if response.content is None:
        reasons.append("the body is not JSON")
    return reasons


def _error_body(response: Response) -> list[str]:
    content = response.content
    if not isinstance(content, dict) or content.get("schemas") != [ERROR]:
        return ["the body is not a SCIM error (RFC 7644 section 3.12)"]
    reasons = []
    if content.get("status") != str(response.status):
        reasons.append(
            f"the error's status is {content.get('status')!r} instead of the text {str(response.status)!r}"
        )
    if not isinstance(content.get("detail"), str) and response.status != 404:
        reasons.append("the error has no detail, so that an administrator can't tell what to do")
    if response.status == 409 and content.get("scimType") != "uniqueness":
        reasons.append(f"scimType is {content.get('scimType')!r} instead of 'uniqueness'")
    return reasons


def _detail_of(response: Response) -> str:
    detail = response.content.get("detail") if isinstance(response.content, dict) else None
    return f": {detail[:300]}" if isinstance(detail, str) else ""


def _location(response: Response, resource: dict[str, Any]) -> list[str]:
    location, meta = response.headers.get("location", ""), resource.get("meta")
    inner = meta.get("location") if isinstance(meta, dict) else None
    reasons = []
    if not location.endswith(f"/{resource.get('id')}"):
        reasons.append(f"Location is {location!r}, not the address of the new resource")
    if inner != location:
        reasons.append("meta.location is not the same as Location (RFC 7644 section 3.3)")
    return reasons


def _counts(content: dict[str, Any], returned: int) -> list[str]:
    reasons = []
    if content["startIndex"] != 1:
        reasons.append(f"startIndex is {content['startIndex']} instead of 1")
    if content["totalResults"] < returned or (not returned and content["totalResults"]):
        reasons.append(f"totalResults is {content['totalResults']} with {returned} resources")
    if returned and content["itemsPerPage"] != returned:
        reasons.append(f"itemsPerPage is {content['itemsPerPage']} with {returned} resources")
    return reasons


def _doubled(resource: dict[str, Any]) -> list[str]:
    reasons = []
    for name in ("emails", "phoneNumbers", "addresses"):
        elements = resource.get(name)
        if isinstance(elements, list):
            kinds = [
                each.get("type") for each in elements if isinstance(each, dict) and each.get("type")
            ]
            reasons += [
                f"{name} has {kinds.count(kind)} elements of type {kind}"
                for kind in set(kinds)
                if kinds.count(kind) > 1
            ]
    return reasons
