"""A call of the local vision server: answered as one of the plan's MCP calls, by the same eyes as
the hosted server's. It is no prompt, and nothing is paid by the token."""

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.refusal import Refusal, Wait
from codeplan.gateway import refusals
from codeplan.gateway.caller import Caller
from codeplan.gateway.formats import CallerFormat
from codeplan.kit.clock import Clock
from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.usage import Usage
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.apart import CallRefused, Spent, WorkFailed
from codeplan.subscriptions.mcp_calls import McpCalls
from codeplan.vision.jobs import SERVER
from codeplan.vision.seeing import Vision


class Sight:
    """What the gateway needs for it."""

    def __init__(self, vision: Vision, calls: McpCalls, clock: Clock) -> None:
        self._vision, self._calls, self._clock = vision, calls, clock

    async def answer(
        self,
        caller: Caller,
        format_: CallerFormat,
        request_id: str,
        holder: KeyHolder,
        client: Client,
        seen: SeenCall,
    ) -> bytes:
        """The answer's body. Raises Refusal, Malformed."""
        request = format_.decode_request(caller.whole_body())
        job = client.job(seen)

        async def work(spent: Spent) -> tuple[str, Usage]:
            text = await self._vision.answer(request, job, spent)
            return text, spent.usage or Usage()

        try:
            text, usage = await self._calls.call(
                holder, SERVER, job or "vision", client.id, work, request_id
            )
        except CallRefused as refused:
            reached = refused.reached
            if reached is None:
                raise Refusal(refused.status, refused.code, str(refused)) from None
            raise refusals.limit_reached(reached, refused.windows, str(refused)) from None
        except WorkFailed as failed:
            wait = Wait.MOMENT if failed.status == 503 else Wait.NEVER
            said = f"{failed} Nothing was charged."
            raise Refusal(failed.status, failed.code, said, wait) from None
        model = seen.outline.model
        events: list[inner.Event] = [
            inner.Started(request_id, model),
            inner.TextDelta(text),
            inner.Finished("end"),
            inner.Reported(usage),
            inner.Ended(),
        ]
        return format_.encode_answer(
            events, Answering(request_id, model, self._clock.now() // 1000)
        )
