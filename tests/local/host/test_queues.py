"""Queue functions (Microsoft Learn, functions-bindings-storage-queue-trigger: "Poison messages",
"Concurrency").
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import Any

import azure.functions as func
import pytest

from local.host.errors import HostError
from local.host.functions import Functions, QueueFunction, index
from local.host.host import Host
from local.host.hostfile import HostFile
from local.host.invocation import encode
from local.host.queues import Queues
from shared.http import Request
from tests.clock import FixedClock

from .conftest import APPS

SETTINGS = {"EVERY": "*/30 * * * * *", "QUEUE": "work"}
DELAY = HostFile(route_prefix="", visibility_timeout=10.0)


class Jobs:
    """The host of `sample_jobs.py` with a clock that only tests advance."""

    def __init__(self, host: Host, module: ModuleType, clock: FixedClock):
        self.host, self.clock = host, clock
        self.seen: list[str] = module.seen

    async def handled(self) -> list[str]:
        """Return the handled messages, sorted."""
        await self.host.queues.idle()
        return sorted(self.seen)

    async def post(self, text: str, query: str = "") -> int:
        request = Request(
            "POST", f"http://localhost/enqueue{query}", {"content-length": "1"}, text.encode()
        )
        return (await self.host.call(request)).status


@pytest.fixture
async def jobs(clock: FixedClock) -> AsyncIterator[Jobs]:
    from local.host.loading import find_app, load_module

    module = load_module(APPS / "sample_jobs.py", {})
    host = Host(
        find_app(module), environment=SETTINGS, host_file=HostFile(route_prefix=""), clock=clock
    )
    yield Jobs(host, module, clock)
    await host.stop()
    del sys.modules[module.__name__]


async def test_messages_of_a_timer_reach_the_queue_function(jobs: Jobs) -> None:
    """Each item of an `Out[list[str]]` is one message, in the queue that the setting of `%QUEUE%` names."""
    jobs.clock.advance(30)
    await asyncio.gather(*jobs.host.timers.tick())
    assert await jobs.handled() == ["plan past_due=False", "work one 1", "work two 1"]


async def test_an_output_and_a_returned_value_are_messages(jobs: Jobs) -> None:
    """An HTTP function's `Out[str]` is a message; the queue function that gets it as text returns another
    one, which stays in its queue because no function receives it.
    """
    assert await jobs.post("hello") == 202
    await jobs.handled()
    assert [message.body for message in jobs.host.queues.waiting("third")] == [b"hello!"]


async def test_failed_function_leaves_no_message(jobs: Jobs) -> None:
    """Outputs are sent only after the function succeeds."""
    assert await jobs.post("hello", "?fail=1") == 500
    await jobs.handled()
    assert jobs.host.queues.waiting("third") == []


async def test_bad_message_is_tried_five_times_and_then_poison(jobs: Jobs) -> None:
    """After maxDequeueCount (5) tries, a message goes to the queue `<queue>-poison` and its function."""
    jobs.host.queues.put("work", b"bad")
    assert await jobs.handled() == [
        "give up bad",
        *(f"work bad {attempt}" for attempt in range(1, 6)),
    ]


def collecting(
    call: Any, clock: FixedClock, settings: HostFile = DELAY
) -> tuple[Queues, list[tuple[float, Any]]]:
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name="Q", connection="c")
    async def take(message: func.QueueMessage) -> None:
        pass

    later: list[tuple[float, Callable[[], None]]] = []
    functions: Functions = index(app, {})
    return Queues(
        functions.queues, call, clock, settings, lambda delay, act: later.append((delay, act))
    ), later


async def test_failed_message_is_hidden_for_the_visibility_timeout(clock: FixedClock) -> None:
    """A failed message is tried again after `visibilityTimeout` of host.json, with a higher dequeue count."""
    counts: list[int] = []

    async def fail(function: QueueFunction, message: func.QueueMessage) -> None:
        counts.append(message.dequeue_count or 0)
        raise RuntimeError

    queues, later = collecting(fail, clock)
    queues.put("q", b"x")
    await queues.idle()
    queues.pump("q")
    await queues.idle()
    assert (counts, [delay for delay, _ in later]) == ([1], [10.0])
    clock.advance(10)
    later[0][1]()
    await queues.idle()
    assert counts == [1, 2]


async def test_sixteen_messages_at_once_and_a_new_batch_at_eight(clock: FixedClock) -> None:
    """With batchSize 16 and newBatchThreshold 8, at most 24 messages are handled at once."""
    now, most, done = 0, 0, 0

    async def work(function: QueueFunction, message: func.QueueMessage) -> None:
        nonlocal now, most, done
        now += 1
        most = max(most, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1
        done += 1

    queues, _ = collecting(work, clock)
    for number in range(100):
        queues.put("q", str(number).encode())
    await queues.idle()
    assert (most, done) == (24, 100)


async def test_stopping_finishes_only_started_messages(clock: FixedClock) -> None:
    """Stopping waits for the messages that are being handled, and leaves the others in their queues."""
    done: list[bytes] = []

    async def work(function: QueueFunction, message: func.QueueMessage) -> None:
        await asyncio.sleep(0)
        done.append(message.get_body())

    queues, _ = collecting(work, clock, HostFile(batch_size=1, new_batch_threshold=0))
    for body in (b"1", b"2", b"3"):
        queues.put("q", body)
    queues.stop()
    await queues.idle()
    assert (done, [message.body for message in queues.waiting("q")]) == ([b"1"], [b"2", b"3"])


async def test_a_message_has_insertion_and_expiration_time(clock: FixedClock) -> None:
    """A message has the insertion and expiration times of a storage queue message."""
    seen: list[func.QueueMessage] = []

    async def work(function: QueueFunction, message: func.QueueMessage) -> None:
        seen.append(message)

    queues, _ = collecting(work, clock)
    queues.put("q", b'{"a":1}')
    await queues.idle()
    (message,) = seen
    assert message.insertion_time == clock.now()
    assert (message.get_json(), bool(message.id), bool(message.pop_receipt)) == (
        {"a": 1},
        True,
        True,
    )


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        ("x", [b"x"]),
        (b"x", [b"x"]),
        (["a", "b"], [b"a", b"b"]),
        ([], []),
        (func.QueueMessage(id="1", body="b"), [b'{"id":"1","body":"b"}']),
    ],
)
def test_outputs_become_messages(value: object, messages: list[bytes]) -> None:
    """Values are encoded as by azure.functions and enqueued as by the host."""
    assert encode(value) == messages


async def test_output_of_a_wrong_type_fails_the_function() -> None:
    """A value that the engine can't encode is an error, and nothing is sent."""
    sent: list[tuple[str, bytes]] = []
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="text", queue_name="q", connection="c")
    @app.queue_output(arg_name="one", queue_name="a", connection="c")
    @app.queue_output(arg_name="two", queue_name="b", connection="c")
    async def work(text: str, one: func.Out[str], two: func.Out[str]) -> None:
        one.set("x")
        two.set(5)  # type: ignore[arg-type]

    from local.host.invocation import Invoker

    invoker = Invoker(lambda queue, body: sent.append((queue, body)))
    with pytest.raises(NotImplementedError):
        await invoker.call(index(app, {}).queues[0].code, "text")
    invoker.close()
    assert sent == []


def test_missing_queue_setting_stops_the_host() -> None:
    """The error names the setting."""
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="text", queue_name="%NOWHERE%", connection="c")
    async def work(text: str) -> None:
        pass

    with pytest.raises(HostError, match="NOWHERE"):
        index(app, {})
