"""A timer that sends messages to queues, and the functions that receive them."""

from typing import List  # noqa: UP035  the engine takes no list[str] in func.Out

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
seen: list[str] = []


@app.timer_trigger(arg_name="timer", schedule="%EVERY%")
@app.queue_output(arg_name="work", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
async def plan(timer: func.TimerRequest, work: func.Out[List[str]]) -> None:  # noqa: UP006
    seen.append(f"plan past_due={timer.past_due}")
    work.set(["one", "two"])


@app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    body = message.get_body().decode()
    seen.append(f"work {body} {message.dequeue_count}")
    if body == "bad":
        raise RuntimeError(body)


@app.queue_trigger(
    arg_name="message", queue_name="%QUEUE%-poison", connection="AzureWebJobsStorage"
)
async def give_up(message: func.QueueMessage) -> None:
    seen.append(f"give up {message.get_body().decode()}")


@app.queue_trigger(arg_name="text", queue_name="second", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="$return", queue_name="third", connection="AzureWebJobsStorage")
def hand_on(text: str) -> str:
    """Return the text with "!" appended; not async, with its message as text and its output as result."""
    return f"{text}!"


@app.route(route="enqueue", methods=["POST"])
@app.queue_output(arg_name="out", queue_name="second", connection="AzureWebJobsStorage")
async def enqueue(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse:
    out.set(req.get_body().decode())
    if req.params.get("fail"):
        raise RuntimeError("no message may leave")
    return func.HttpResponse("queued", status_code=202)
