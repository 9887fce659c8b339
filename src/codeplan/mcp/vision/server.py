"""The eight tools of the vision server. A picture comes as a link, as a data: link or bare base64,
or as the id of a file that was sent to the server's own address for files."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from codeplan.mcp.base import ArgumentsInvalid, Caller, McpServer, Tool, choice_of, text_of
from codeplan.media.inline import bytes_of
from codeplan.media.kinds import NOTHING_KNOWN, MediaInvalid, kind_of
from codeplan.protocol import inner
from codeplan.subscriptions.apart import Spent
from codeplan.subscriptions.mcp_calls import McpCalls
from codeplan.subscriptions.uploads import PREFIX, Uploads
from codeplan.vision.jobs import FILES, JOBS, SERVER, Job, instructions
from codeplan.vision.seeing import Vision

_ABOUT = (
    "Look at pictures and videos. A source is a link (https), a data: link, or the id of a file"
    f" that was sent by POST to {FILES} with your key (curl -F file=@shot.png -H"
    f' "Authorization: Bearer …" …{FILES}).'
)
_SOURCE = f"A link, a data: link, or the id of a file that was sent to {FILES}."
# A data: link of the largest file that is taken is a third longer than the file.
_MOST_SOURCE = 15 * 1024 * 1024


def vision_server(vision: Vision, uploads: Uploads, calls: McpCalls) -> McpServer:
    look = partial(_look, vision, uploads, calls)
    tools = tuple(
        Tool(job.name, job.title, job.about, _schema(job), partial(look, job)) for job in JOBS
    )
    return McpServer(SERVER, "Vision", _ABOUT, tools)


def _schema(job: Job) -> dict[str, Any]:
    properties: dict[str, Any] = {
        name: {"type": "string", "description": _SOURCE} for name in job.sources
    }
    properties["prompt"] = {"type": "string", "description": "What you want to know or have."}
    for name, extra in job.extras.items():
        properties[name] = {"type": "string", "description": extra.about}
        if extra.choices:
            properties[name]["enum"] = list(extra.choices)
    return {"type": "object", "properties": properties, "required": [*job.sources, "prompt"]}


async def _look(
    vision: Vision,
    uploads: Uploads,
    calls: McpCalls,
    job: Job,
    caller: Caller,
    arguments: Mapping[str, Any],
) -> str:
    prompt = text_of(arguments, "prompt", 20_000)
    if not prompt:
        raise ArgumentsInvalid("prompt: expected what you want to know or have")
    extras = {
        name: choice_of(arguments, name, extra.choices, extra.choices[0])
        if extra.choices
        else text_of(arguments, name)
        for name, extra in job.extras.items()
    }
    is_video = job.sources == ("video_source",)
    parts: list[inner.Part] = []
    for name in job.sources:
        link = await _link(uploads, caller, name, text_of(arguments, name, _MOST_SOURCE))
        parts.append(inner.video_from(link) if is_video else inner.image_from(link))
    request = inner.Request(
        model="",
        messages=(
            inner.Message("system", (inner.Text(instructions(job, extras)),)),
            inner.Message("user", (*parts, inner.Text(prompt))),
        ),
    )

    async def work(spent: Spent) -> str:
        return await vision.answer(request, job.name, spent)

    return await calls.call(caller.holder, SERVER, job.name, caller.client, work)


async def _link(uploads: Uploads, caller: Caller, name: str, source: str) -> str:
    """Raises ArgumentsInvalid."""
    if source[:8].lower().startswith(("http://", "https://", "data:")):
        return source
    if source.startswith(PREFIX):
        data = await uploads.find(caller.holder.account.id, source)
        if data is None:
            raise ArgumentsInvalid(f"{name}: there is no file {source[:80]!r}; it is kept an hour")
        return f"data:application/octet-stream;base64,{data}"
    if await asyncio.to_thread(_is_bare, source):
        return source
    raise ArgumentsInvalid(
        f"{name}: this server cannot read files of your machine. Send the file by POST to {FILES}"
        " (multipart, field file) with your key, and give the id that it answers with."
    )


def _is_bare(source: str) -> bool:
    """Whether it is a file's base64, without a link around it."""
    try:
        return kind_of(bytes_of(source)) is not NOTHING_KNOWN
    except MediaInvalid:
        return False
