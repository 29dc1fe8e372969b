"""What stops the local host from starting."""


class HostError(Exception):
    """The host cannot start; the text is one line: what is wrong and what to do about it."""
