"""A call that is paid by the token: its possible cost is set aside, and it is relayed as any
other."""

from codeplan.billing.overages import CapReached
from codeplan.billing.purse import Asked, NoFunds, Purse
from codeplan.clients.base import Client
from codeplan.gateway import refusals
from codeplan.gateway.settlement import MoneySettlement
from codeplan.gateway.stopwatch import Stopwatch
from codeplan.kit.clock import Clock
from codeplan.kit.money import written
from codeplan.plan.catalogue import Model
from codeplan.protocol.outline import Outline
from codeplan.protocol.usage import Usage
from codeplan.store.operations import CallRow
from codeplan.store.rows import KeyHolder

# No text has more tokens than half its bytes; pictures have many bytes and few tokens.
_BYTES_A_TOKEN = 2
_MOST_TOKENS = 200_000


async def pay(
    purse: Purse,
    clock: Clock,
    watch: Stopwatch,
    call_id: str,
    holder: KeyHolder,
    client: Client,
    protocol: str,
    outline: Outline,
    model: Model,
    body_bytes: int,
    coding: str,
    overage: bool,
) -> MoneySettlement:
    """Set aside what the call may cost. Raises Refusal, StoreFailed; CapReached for ``overage``."""
    asked = Asked(
        call_id=call_id,
        account_id=holder.key.pays,
        key_id=holder.key.id,
        model=model,
        tokens_in=min(max(1, body_bytes // _BYTES_A_TOKEN), _MOST_TOKENS),
        tokens_out=(outline.most_tokens or model.output_tokens) * outline.answers,
        overage=overage,
    )
    began = watch.elapsed()
    try:
        held = await purse.hold(asked)
    except NoFunds as short:
        if overage:
            raise CapReached("the balance does not cover the call") from None
        needed = written(short.needed_minor, short.currency) if short.currency else ""
        have = written(short.have_minor, short.currency) if short.currency else ""
        raise refusals.no_balance(coding, needed, have) from None
    watch.booked += watch.elapsed() - began
    call = CallRow(
        id=call_id,
        prompt_id=None,
        account_id=holder.account.id,
        subscription_id="",
        key_id=holder.key.id,
        client=client.id,
        protocol=protocol,
        model_asked=outline.model,
        model=model.id,
        streamed=outline.stream,
        why="it goes on with your balance" if overage else "paid by the token",
        started_at=held.made_at,
        state="running",
        outcome="",
        upstream="",
        upstream_model="",
        first_content_at=None,
        ended_at=None,
        usage=Usage(),
        detail="",
    )
    return MoneySettlement(clock=clock, watch=watch, purse=purse, held=held, call=call)
