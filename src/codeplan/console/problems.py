"""What a page says when something could not be done, or was: a sentence for each problem that a
service raises, and for each thing that was done. They travel in the address, by name."""

from collections.abc import Mapping

from codeplan.accounts.addresses import EmailInvalid
from codeplan.accounts.client_keys import KeyRulesInvalid, KeyUnknown, TooManyKeys
from codeplan.accounts.hashing import PasswordTooShort, TooManyGuesses
from codeplan.accounts.passkeys import PasskeyInvalid
from codeplan.accounts.passwords import ResetInvalid
from codeplan.accounts.second_factor import CodeWrong
from codeplan.accounts.sign_up import LinkInvalid, SignUpClosed
from codeplan.billing.orders import OrderClosed
from codeplan.billing.repeats import KeyReused
from codeplan.billing.wallet import AmountInvalid
from codeplan.console.forms import FormInvalid, SignInWanted
from codeplan.console.words import N_
from codeplan.identity import IdentityFailed
from codeplan.ledger.movements import BalanceTooSmall
from codeplan.media.kinds import MediaInvalid
from codeplan.media.sent import TooLarge
from codeplan.payments.base import Declined, NotOffered, ProviderFailed
from codeplan.plan.lifecycle import NotPossible
from codeplan.plan.quote import NotForSale
from codeplan.store.base import AlreadyThere, StoreFailed
from codeplan.subscriptions.benefits import BenefitUnknown
from codeplan.subscriptions.cases import CaseUnknown
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
from codeplan.subscriptions.personal_data import StillNeeded
from codeplan.subscriptions.purchases import PriceChanged, SeatsInvalid
from codeplan.subscriptions.refunds import NotRefundable
from codeplan.subscriptions.simulator import DraftInvalid
from codeplan.subscriptions.subscriptions import PlanUnknown
from codeplan.subscriptions.teams import InvitationInvalid, NotAllowed, SeatsTaken
from codeplan.subscriptions.till import OrderUnknown, ProviderUnknown, TooManyOrders

PROBLEMS: Mapping[type[Exception], tuple[str, str]] = {
    FormInvalid: ("form", N_("A field was not what was expected. Nothing was changed.")),
    SignInWanted: (
        "sign_in",
        N_("Sign in with your password or a passkey for that: a key does not suffice."),
    ),
    PasswordTooShort: ("password_short", N_("A password needs at least 10 characters.")),
    TooManyGuesses: ("guesses", N_("Too many wrong tries. Wait a quarter of an hour.")),
    ResetInvalid: ("reset", N_("That link was used or has expired. Ask for a new one.")),
    LinkInvalid: ("link", N_("That link was used or has expired. Sign up again.")),
    SignUpClosed: (
        "sign_up_closed",
        N_("Signing up needs an invitation that is good and for this address."),
    ),
    CodeWrong: ("code", N_("That is not a code of this moment.")),
    PasskeyInvalid: ("passkey", N_("That passkey could not be used. Nothing was changed.")),
    IdentityFailed: ("outside", N_("The sign-in elsewhere did not succeed. Please try again.")),
    EmailInvalid: ("email", N_("That is not an e-mail address.")),
    AlreadyThere: ("exists", N_("There is an account of that address already.")),
    KeyUnknown: ("key", N_("There is no such key, or it was revoked.")),
    TooManyKeys: ("keys", N_("At most 50 keys serve at once. Revoke one first.")),
    KeyRulesInvalid: ("key_rules", N_("A name has at most 100 characters, a limit is a number.")),
    PlanUnknown: ("plan", N_("There is no such plan.")),
    NotForSale: ("not_for_sale", N_("That is not on sale for this period and currency.")),
    OnlyAtPeriodsEnd: (
        "periods_end",
        N_("A smaller plan, or a shorter period, begins when the running period has ended."),
    ),
    NotPossible: ("not_possible", N_("That is not possible with the plan as it stands.")),
    PriceChanged: ("price", N_("The price is another one by now. Look at it again.")),
    SeatsInvalid: ("seats", N_("That number of seats is not possible.")),
    BalanceTooSmall: ("balance", N_("Your balance is too small for this. Nothing was charged.")),
    KeyReused: (
        "repeated",
        N_("This form was sent before with other content. Load its page again, and look there."),
    ),
    AmountInvalid: ("amount", N_("That is no amount of money.")),
    OrderUnknown: ("order", N_("There is no such order.")),
    OrderClosed: ("order_closed", N_("That order is over.")),
    TooManyOrders: ("orders", N_("Too many orders wait for their payment already.")),
    ProviderUnknown: ("provider", N_("That way of paying does not take this currency.")),
    ProviderFailed: ("provider_failed", N_("The payment provider could not be reached.")),
    NotOffered: ("not_offered", N_("That way of paying is not offered for this.")),
    Declined: ("declined", N_("The payment was declined. Nothing was charged.")),
    WrongProvider: ("wrong_provider", N_("That order is paid by another provider.")),
    NotRefundable: ("refund", N_("More than what is left of the payment cannot be given back.")),
    CodeInvalid: ("redeem", N_("That code cannot be used.")),
    CodeUnknown: ("code_unknown", N_("There is no such code. Look at it once more.")),
    CodeUsedUp: ("code_used_up", N_("That code is used up: others have had it.")),
    CodeUsedByYou: ("code_used_by_you", N_("You have used that code already.")),
    CodeOver: ("code_expired", N_("That code has expired.")),
    CodeNotYet: ("code_not_yet", N_("That code cannot be used yet.")),
    CodeNotForThis: (
        "code_not_for_this",
        N_("That code is not for this purchase: it is for another plan, period or occasion."),
    ),
    NotAllowed: ("not_allowed", N_("Your role does not allow that.")),
    SeatsTaken: ("seats_taken", N_("Every seat is taken or offered. Buy more seats first.")),
    InvitationInvalid: ("invitation", N_("That invitation is unknown, used, or has expired.")),
    CaseUnknown: ("case", N_("There is no such case, or it was decided.")),
    DraftInvalid: ("draft", N_("The draft cannot be used.")),
    BenefitUnknown: ("benefit", N_("That benefit is not to be claimed with your plan.")),
    NoCodeLeft: ("no_code", N_("All codes of that benefit are given away at present.")),
    TooLarge: ("too_large", N_("That file is larger than is taken. Nothing was charged.")),
    MediaInvalid: ("media", N_("There was no file that can be taken. Nothing was charged.")),
    StillNeeded: (
        "needed",
        N_("A plan that renews, or an organisation you own, has to end before that."),
    ),
    StoreFailed: ("store", N_("The service cannot keep its books just now. Nothing was changed.")),
}
DONE: Mapping[str, str] = {
    "saved": N_("It is saved."),
    "revoked": N_("It is revoked. Its next call is refused."),
    "bought": N_("The plan is yours. Thank you."),
    "pack": N_("The pack is yours. Thank you."),
    "paid": N_("It is paid."),
    "cancelled": N_("The plan is cancelled. It goes on until its period ends."),
    "resumed": N_("The plan is renewed again at its period's end."),
    "changed": N_("The change begins when the running period has ended."),
    "redeemed": N_("The code is redeemed."),
    "invited": N_("The seat is offered."),
    "left": N_("The seat is free. The member's keys have ended."),
    "signed_out": N_("That session is signed out."),
    "appealed": N_("The operator will read your answer."),
    "reset": N_("The password is changed and every session signed out. Sign in with the new one."),
    "sent": N_("If that address can be used, a letter is on its way."),
    "granted": N_("It is given."),
    "restricted": N_("The plan is restricted. Its calls are refused, and say why."),
    "lifted": N_("The plan serves calls again."),
    "refunded": N_("It is given back."),
    "decided": N_("The case is decided, and the person told."),
    "drained": N_("No new call goes there."),
    "undrained": N_("Calls go there again."),
    "checked": N_("The books agree."),
    "removed": N_("It is removed."),
    "claimed": N_("It is yours."),
    "off": N_("The second factor is off."),
}
_BY_NAME = dict(PROBLEMS.values())
EXPECTED: tuple[type[Exception], ...] = tuple(PROBLEMS)
# After these it is not known whether something was done.
NOT_SURE = (StoreFailed, ProviderFailed)


def name_of_problem(problem: Exception) -> str:
    for kind in type(problem).__mro__:
        if kind in PROBLEMS:
            return PROBLEMS[kind][0]
    raise problem


def sentence(name: str) -> str:
    """A problem's sentence in English; "" for a name that there is not."""
    return _BY_NAME.get(name, "")
