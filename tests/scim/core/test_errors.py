"""Errors as RFC 7644 section 3.12 writes them."""

import pytest

from scim.core import errors
from shared.messages import Message


@pytest.mark.clause("7644/3.12", "ipsie/errors")
def test_the_status_is_text() -> None:
    """RFC 7644 section 3.12: `status` is a JSON string; Microsoft requires it."""
    assert errors.ScimError(501, Message("no_me")).body() == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "501",
        "detail": Message("no_me").text(),
    }


@pytest.mark.clause("7644/3.12")
def test_an_invalid_value_names_attribute_fault_and_remedy() -> None:
    """Entra shows the body to its administrator: it must name the correction."""
    body = errors.bad_value("active", "no_boolean").body()
    assert (body["scimType"], body["detail"]) == (
        "invalidValue",
        "active is neither true nor false. Send true or false, without quotes.",
    )


@pytest.mark.clause("7644/3.12")
def test_a_conflict_names_the_resource_that_is_there() -> None:
    """A POST repeated after a lost answer must be recognisable: the 409 names the existing id."""
    error = errors.uniqueness("userName", "babs", "0190")
    assert (error.status, error.scim_type) == (409, "uniqueness")
    assert "0190" in error.detail


def test_an_unknown_attribute_is_told_from_other_faults() -> None:
    """A search across resource types asks whether another type has the attribute."""
    assert issubclass(errors.UnknownAttribute, errors.ScimError)
