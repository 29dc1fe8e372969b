"""Errors that prevent the local host from starting."""


class HostError(Exception):
    """The host can't start; the text is one line with the fault and the remedy."""
