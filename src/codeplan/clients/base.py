"""What every client file answers, and what holds for a client that is not known.

Facts behind each rule: docs/clients.md, measured on the real programs.
"""

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from codeplan.clients.refusal import Form, Refusal, Wait
from codeplan.clients.set_up import Plan, SetUp
from codeplan.plan.turns import Claim, TurnClaim
from codeplan.protocol.names import ProtocolName
from codeplan.protocol.outline import Outline, Said


class SeenCall(msgspec.Struct, frozen=True):
    """What a client file may look at. Header names are lower-case."""

    protocol: ProtocolName
    headers: Mapping[bytes, bytes]
    outline: Outline

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def user_agent(self) -> str:
        return self.header(b"user-agent")

    def system_begins(self, *starts: str) -> bool:
        """Whether the system prompt begins with one of these."""
        system = self.outline.system
        return bool(system) and system[0].lstrip().startswith(starts)


class Client:
    """A client that is not recognised. Known ones say more in their own files."""

    id = ""
    name = "unknown client"
    # What it is called on a command line, for finding out whether it is there.
    programs: tuple[str, ...] = ()
    # Whether a person's text may stand behind a tool's result, in one message.
    writes_behind_results = False
    # Whether its calls are a vision server's own, and no coding tool's.
    sees = False
    # How the texts begin that it puts itself into messages of the user's role.
    not_authored: tuple[str, ...] = ()

    def recognises(self, call: SeenCall) -> bool:
        """Whether the call comes from this client."""
        return False

    def session(self, call: SeenCall) -> str:
        """The client's own id of the session, or "" where it sends none."""
        return ""

    def machine(self, call: SeenCall) -> str:
        """The client's own id of the machine it runs on, or "" where it sends none."""
        return ""

    def authored(self, said: Said) -> str | None:
        """What the person wrote in this message of the user's role, or None when nothing."""
        if said.tool_result and not self.writes_behind_results:
            return None
        texts = said.texts
        if self.not_authored:
            texts = tuple(t for t in texts if not t.lstrip().startswith(self.not_authored))
        return "\n".join(texts) or None

    def job(self, call: SeenCall) -> str:
        """Of a client that sees: which tool the call works for, or "" where nobody knows."""
        return ""

    def is_side_call(self, call: SeenCall) -> bool:
        """A call that the client makes for itself: a title, a topic, a compaction."""
        return False

    def is_sub_agent(self, call: SeenCall) -> bool:
        """A conversation that the client marks as started by a turn's tool call."""
        return False

    def root(self, call: SeenCall, authored: list[str]) -> str:
        """What names a conversation inside its session: the first text that a person wrote."""
        return authored[0] if authored else ""

    def claim(self, call: SeenCall) -> TurnClaim:
        """Which turn the call says it belongs to."""
        authored = [text for said in call.outline.said if (text := self.authored(said)) is not None]
        root = self.root(call, authored)
        newest = authored[-1] if authored else ""
        session = self.session(call)
        return TurnClaim(
            claim=self._claim(call),
            session=session,
            conversation=hashed(f"{self.id}\0{session}\0{root}"),
            ordinal=len(authored),
            text_hash=hashed(newest),
        )

    def _claim(self, call: SeenCall) -> Claim:
        if self.is_side_call(call):
            return Claim.SIDE
        if self.is_sub_agent(call):
            return Claim.SUB_AGENT
        said = call.outline.said
        if not said or self.authored(said[-1]) is None:
            return Claim.CONTINUATION
        if call.outline.ends_with_tool_result and not said[-1].tool_result:
            return Claim.CONTINUATION
        return Claim.AUTHORED

    def set_up(self, plan: Plan) -> tuple[SetUp, ...]:
        """What each of the client's own files must say to use a plan; nothing where nobody can
        write them for a person."""
        return ()

    def refuse(self, refusal: Refusal) -> Form:
        """``x-should-retry: false`` stops the SDKs of both protocols at once."""
        if refusal.wait is Wait.MOMENT:
            return Form(refusal.status, retry_after(refusal))
        return Form(refusal.status, (*retry_after(refusal), STOP))


STOP = (b"x-should-retry", b"false")


def retry_after(refusal: Refusal) -> tuple[tuple[bytes, bytes], ...]:
    if refusal.retry_after_seconds is None:
        return ()
    return ((b"retry-after", b"%d" % refusal.retry_after_seconds),)


def refuse_by_403(refusal: Refusal) -> Form:
    """For clients that go on trying at 429 whatever it says, and stop and show the text at 403."""
    if refusal.wait is Wait.MOMENT:
        return Form(refusal.status, retry_after(refusal))
    return Form(403 if refusal.status == 429 else refusal.status)


def hashed(text: str) -> str:
    """A short name for a text: what is kept of what people write."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
