"""The functions of this feature."""

import azure.functions as func

from presence import triggers
from shared.services import Services


def blueprint(services: Services) -> func.Blueprint:
    """The timer, the queue, and the HTTP functions of presence."""
    found = func.Blueprint()
    triggers.add(found, services)
    return found
