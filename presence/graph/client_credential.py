"""Build msal's `client_credential` from a managed identity, a certificate or a secret, in that order."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from presence.graph.clouds import cloud_of
from presence.graph.failure_reasons import Fault
from presence.graph.msal_http import TimedHttp
from shared import log
from shared.settings import Settings


class OwnCredential(Exception):
    """Raised if the managed identity gets no token."""


class Proof:
    """The client credential of the app, the same for all tenants."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._assertion: Callable[[], str] | None = None
        self._http: TimedHttp | None = None

    @property
    def is_set_up(self) -> bool:
        """Whether the deployment has an app registration and a credential for it."""
        s = self._settings
        return bool(
            s.presence_client_id
            and (s.managed_identity_client_id or s.presence_client_secret or s.presence_certificate)
        )

    def credential(self) -> Any:
        """Return the value of msal's `client_credential`; raise Fault (own_credential) if it can't be read."""
        settings = self._settings
        if settings.managed_identity_client_id:
            self._assertion = self._assertion or self._identity_token()
            return {"client_assertion": self._assertion}
        if settings.presence_certificate:
            return _certificate(Path(settings.presence_certificate))
        return settings.presence_client_secret

    def close(self) -> None:
        """Close the connections to the managed identity's endpoint."""
        if self._http is not None:
            self._http.close()

    def _identity_token(self) -> Callable[[], str]:
        """Return a function that returns the managed identity's token, cached by msal.

        msal calls the function for each request that it sends.
        """
        import msal
        import requests

        audience = cloud_of(self._settings).exchange_audience
        self._http = TimedHttp()
        identity = msal.ManagedIdentityClient(
            msal.UserAssignedManagedIdentity(client_id=self._settings.managed_identity_client_id),
            http_client=self._http,
        )

        def assertion() -> str:
            try:
                result = identity.acquire_token_for_client(resource=audience)
            except (requests.RequestException, ValueError, RuntimeError, msal.ManagedIdentityError):
                raise OwnCredential from None
            if "access_token" not in result:
                raise OwnCredential
            return str(result["access_token"])

        return assertion


def _certificate(path: Path) -> dict[str, str]:
    """Return the certificate and key in a PEM file as msal expects them; raise Fault if they can't be read."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    try:
        pem = path.read_text(encoding="ascii")
        load_pem_private_key(pem.encode(), None)
        load_pem_x509_certificate(pem.encode())
    except (OSError, ValueError, TypeError) as error:
        log.failure("credential.certificate_unreadable", error)
        raise Fault(reason="own_credential") from None
    return {"private_key": pem, "public_certificate": pem}
