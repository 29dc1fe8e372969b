"""Error bodies as RFC 7644 section 3.12 defines them."""

import pytest

from scim.core import errors
from shared.messages import Message


@pytest.mark.clause("7644/3.12", "ipsie/errors")
def test_the_status_is_text() -> None:
    """RFC 7644 section 3.12: `status` is a JSON string. Microsoft's validator requires it."""
    assert errors.ScimError(501, Message("no_me")).body() == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "501",
        "detail": Message("no_me").text(),
    }


@pytest.mark.clause("7644/3.12")
def test_an_invalid_value_names_attribute_fault_and_remedy() -> None:
    """Entra shows the detail to its administrator, so it names the remedy too."""
    body = errors.bad_value("active", "no_boolean").body()
    assert (body["scimType"], body["detail"]) == (
        "invalidValue",
        "active is neither true nor false. Send true or false, without quotes.",
    )


@pytest.mark.clause("7644/3.12")
def test_a_conflict_names_the_resource_that_is_there() -> None:
    """The 409 names the existing id, so that a client that lost a response can find its
    resource.
    """
    error = errors.uniqueness("userName", "babs", "0190")
    assert (error.status, error.scim_type) == (409, "uniqueness")
    assert "0190" in error.detail


def test_an_unknown_attribute_has_an_error_of_its_own() -> None:
    """A search over all resource types skips a type that lacks the attribute; other faults fail
    it.
    """
    assert issubclass(errors.UnknownAttribute, errors.ScimError)
