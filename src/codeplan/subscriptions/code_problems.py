"""Why a code is not taken, whatever kind it is: a redeem code, a coupon, a referral. Each reason is
a type of its own, so that every surface says it in its own words."""


class CodeInvalid(ValueError):
    """A code that does not apply; the text says why."""


class CodeUnknown(CodeInvalid):
    """There is no such code."""


class CodeUsedUp(CodeInvalid):
    """As many have had it as may, or somebody else has redeemed it."""


class CodeUsedByYou(CodeInvalid):
    """Whoever asks has redeemed it already."""


class CodeOver(CodeInvalid):
    """Its time is over, or what it gave is not given any more."""


class CodeNotYet(CodeInvalid):
    """Its time has not begun."""


class CodeNotForThis(CodeInvalid):
    """It is for other purchases, or for other people."""
