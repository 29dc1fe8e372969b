"""A benchmark leaves no server running."""

import os
import select

import pytest

from bench.processes import process_group


def _interrupted(reading: int, writing: int) -> None:
    """Start a launcher with a child; interrupt the block after the child has started."""
    launcher = ["sh", "-c", "sleep 60 & echo started; wait"]
    with process_group(launcher, stdout=writing):
        os.close(writing)
        assert os.read(reading, 100) == b"started\n"
        raise KeyboardInterrupt


def test_a_server_behind_a_launcher_ends_after_an_interruption() -> None:
    """Node.js of a Python wheel is a launcher: a signal to its process alone leaves the server running.

    The pipe ends when the last process that can write to it has ended.
    """
    reading, writing = os.pipe()
    try:
        with pytest.raises(KeyboardInterrupt):
            _interrupted(reading, writing)
        assert select.select([reading], [], [], 10)[0]
        assert os.read(reading, 100) == b""
    finally:
        os.close(reading)
