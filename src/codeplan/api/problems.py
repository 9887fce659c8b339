"""Why something was refused, as this API says it: one line a problem. Nothing moved."""

from collections.abc import Mapping

from starlette.responses import Response

from codeplan.accounts.addresses import EmailInvalid
from codeplan.accounts.client_keys import KeyRulesInvalid, KeyUnknown, TooManyKeys
from codeplan.api.answers import answer, error
from codeplan.api.prices import show_quote
from codeplan.billing.orders import OrderClosed
from codeplan.billing.repeats import KeyReused
from codeplan.billing.wallet import AmountInvalid
from codeplan.ledger.movements import BalanceTooSmall
from codeplan.payments.base import Declined, Forged, NotOffered, ProviderFailed
from codeplan.plan.lifecycle import NotPossible
from codeplan.plan.quote import NotForSale
from codeplan.store.base import AlreadyThere, StoreFailed
from codeplan.subscriptions.benefits import BenefitUnknown
from codeplan.subscriptions.cases import CaseUnknown
from codeplan.subscriptions.clockwork import ClockBackwards
from codeplan.subscriptions.code_problems import (
    CodeInvalid,
    CodeNotForThis,
    CodeNotYet,
    CodeOver,
    CodeUnknown,
    CodeUsedByYou,
    CodeUsedUp,
)
from codeplan.subscriptions.market import OnlyAtPeriodsEnd
from codeplan.subscriptions.partner_codes import NoCodeLeft
from codeplan.subscriptions.payments import WrongProvider
from codeplan.subscriptions.purchases import PriceChanged, SeatsInvalid
from codeplan.subscriptions.refunds import NotRefundable
from codeplan.subscriptions.simulator import DraftInvalid
from codeplan.subscriptions.subscriptions import PlanUnknown
from codeplan.subscriptions.teams import InvitationInvalid, NotAllowed, SeatsTaken
from codeplan.subscriptions.till import OrderUnknown, ProviderUnknown, TooManyOrders

# The HTTP status and the code; the text is the problem's own.
PROBLEMS: Mapping[type[Exception], tuple[int, str]] = {
    PlanUnknown: (400, "1211"),
    NotForSale: (400, "1211"),
    OnlyAtPeriodsEnd: (409, "only_at_periods_end"),
    NotPossible: (409, "not_possible"),
    PriceChanged: (409, "price_changed"),
    SeatsInvalid: (409, "seats_invalid"),
    BalanceTooSmall: (402, "1113"),
    AmountInvalid: (400, "amount_invalid"),
    KeyReused: (409, "idempotency_key_reused"),
    KeyUnknown: (404, "not_found"),
    TooManyKeys: (409, "too_many_keys"),
    KeyRulesInvalid: (400, "1214"),
    CaseUnknown: (404, "not_found"),
    DraftInvalid: (400, "draft_invalid"),
    EmailInvalid: (400, "email_invalid"),
    AlreadyThere: (409, "account_exists"),
    OrderUnknown: (404, "not_found"),
    OrderClosed: (409, "order_closed"),
    TooManyOrders: (429, "1302"),
    ProviderUnknown: (400, "provider_unknown"),
    ProviderFailed: (502, "provider_failed"),
    NotOffered: (400, "not_offered"),
    Declined: (402, "declined"),
    Forged: (401, "forged"),
    WrongProvider: (401, "wrong_provider"),
    NotRefundable: (409, "not_refundable"),
    CodeInvalid: (400, "code_invalid"),
    CodeUnknown: (400, "code_unknown"),
    CodeUsedUp: (409, "code_used_up"),
    CodeUsedByYou: (409, "code_used_by_you"),
    CodeOver: (409, "code_expired"),
    CodeNotYet: (409, "code_not_yet"),
    CodeNotForThis: (409, "code_not_for_this"),
    NotAllowed: (403, "1220"),
    SeatsTaken: (409, "seats_taken"),
    InvitationInvalid: (400, "invitation_invalid"),
    ClockBackwards: (400, "clock_backwards"),
    BenefitUnknown: (409, "benefit_unknown"),
    NoCodeLeft: (409, "no_code_left"),
    StoreFailed: (503, "1200"),
}


def problem_answer(problem: Exception) -> Response:
    """``{"error": {"code", "message"}}``; a price that changed comes with the new one."""
    status, code = next(PROBLEMS[kind] for kind in type(problem).__mro__ if kind in PROBLEMS)
    if isinstance(problem, PriceChanged):
        told = {"code": code, "message": str(problem), "now": show_quote(problem.now)}
        return answer({"error": told}, status)
    if isinstance(problem, AlreadyThere):
        return error(status, code, f"there is an account of {problem} already")
    if isinstance(problem, StoreFailed):
        return error(status, code, "The service cannot keep its books just now. Nothing moved.")
    return error(status, code, str(problem))
