"""What every client file answers, and what holds for a client that is not known.

Facts behind each rule: docs/clients.md, measured on the real programs.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

import msgspec

from codeplan.clients.quoting import quotes_in
from codeplan.clients.refusal import Form, Refusal, Wait
from codeplan.clients.set_up import Paste, Plan, SetUp
from codeplan.plan.turns import Claim, TurnClaim
from codeplan.protocol.names import ProtocolName
from codeplan.protocol.outline import Outline, Said

# What a person sees at a used-up window: it stops and shows the text; or says it in words of its
# own; stops and shows nothing; goes on trying; or nobody measured it.
AtLimit = Literal["shows", "own_words", "hides", "retries", "unmeasured"]
# By what prompts are told apart: the session that is told, the turn that is named, or the
# conversation's first text.
CountedBy = Literal["session", "turn", "text", "unmeasured"]
# Who calls: the program on its person's machine, or its maker's servers.
CalledFrom = Literal["machine", "servers"]

_LONGEST_NAME = 200
_SESSION_ID = re.compile(r'"session_id"\s*:\s*"([^"]+)"|(?:^|_)session_([0-9A-Za-z-]{8,})$')


class SeenCall(msgspec.Struct, dict=True):
    """What a client file may look at. Header names are lower-case; ``body`` is the call's, as it
    came: JSON. What many clients ask for is worked out once."""

    protocol: ProtocolName
    headers: Mapping[bytes, bytes]
    outline: Outline
    body: bytes = b""

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    @cached_property
    def user_agent(self) -> str:
        return self.header(b"user-agent")

    @cached_property
    def system_start(self) -> str:
        """The first text of the system prompt."""
        system = self.outline.system
        return system[0].lstrip() if system else ""

    @property
    def offers_tools(self) -> bool:
        return bool(self.outline.tool_names)

    def system_begins(self, *starts: str) -> bool:
        """Whether the system prompt begins with one of these."""
        return self.system_start.startswith(starts)

    def newest_begins(self, *starts: str) -> bool:
        """Whether a text of the newest message of the user's role begins with one of these."""
        said = self.outline.said
        return bool(said) and any(text.lstrip().startswith(starts) for text in said[-1].texts)

    def value(self, source: str) -> str:
        """What stands at ``header:<name>`` or ``body:<path>``, as a text; "" where nothing does.

        A path's steps are names with full stops between: ``body:metadata.user_id``.
        """
        kind, _, place = source.partition(":")
        if kind == "header":
            return self.header(place.lower().encode())
        if place == "prompt_cache_key":
            return self.outline.cache_key
        if place in ("metadata.user_id", "user"):
            return self.outline.user_id
        value = self._decoded
        for step in place.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return value if isinstance(value, str) else ""

    @cached_property
    def _decoded(self) -> Any:
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError):
            return None


class Client:
    """A client that is not recognised. Known ones say more in their own files and entries."""

    id = ""
    name = "unknown client"
    # What it is called on a command line, for finding out whether it is there.
    programs: tuple[str, ...] = ()
    # How it is started once it is set up by hand, where its program's name alone does not do.
    start = ""
    # The words behind its program by which it answers one prompt without a window, as its person
    # has set it up, and what its environment says then; none where it has no such way.
    headless: tuple[str, ...] = ()
    headless_environment: Mapping[str, str] = {}
    # Whether a person's text may stand behind a tool's result, in one message.
    writes_behind_results = False
    # Whether its calls are a vision server's own, and no coding tool's.
    sees = False
    # How the texts begin that it, and no person, puts into messages of the user's role. Those of
    # whoever is not known are the marks that several agents share.
    not_authored: tuple[str, ...] = (
        "<system-reminder>", "<system_reminder>", "<environment_details>",
        "<environment_context>", "<task-notification>", "[SYSTEM]",
    )  # fmt: skip
    # Where it may say which session a call is of, the first that says something.
    session_sources: tuple[str, ...] = (
        "header:x-session-id", "header:x-session-affinity", "header:x-affinity",
        "header:session-id", "header:x-conversation-id", "body:prompt_cache_key",
        "body:metadata.user_id",
    )  # fmt: skip
    # The status of a used-up window after which it stops, and shows its text.
    limit_status = 402
    # For its person, measured as docs/clients.md says.
    at_limit: AtLimit = "unmeasured"
    counted_by: CountedBy = "unmeasured"
    called_from: CalledFrom = "machine"
    # What an error inside of a stream is called to it, so that it stops there; "": the protocol's.
    error_in_stream: str = ""

    def recognises(self, call: SeenCall) -> bool:
        """Whether the call comes from this client."""
        return False

    def session(self, call: SeenCall) -> str:
        """The client's own id of the session, or "" where it sends none."""
        for source in self.session_sources:
            value = call.value(source)
            if value and source in ("body:metadata.user_id", "body:user"):
                value = session_in(value)
            if value:
                return value
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
        session = kept(self.session(call))
        return TurnClaim(
            claim=self._claim(call),
            session=session,
            conversation=hashed(f"{self.id}\0{session}\0{root}"),
            ordinal=len(authored),
            text_hash=hashed(newest.strip()),
        )

    def companion(self, call: SeenCall) -> TurnClaim:
        """The claim of a call that has not an agent's shape: to ride on an agent's turn."""
        claim = self.claim(call)
        if call.offers_tools:
            return msgspec.structs.replace(claim, claim=Claim.HELPER)
        quotes = frozenset(hashed(text) for text in quotes_in(call.outline))
        return msgspec.structs.replace(claim, claim=Claim.ERRAND, quotes=quotes)

    def _claim(self, call: SeenCall) -> Claim:
        if self.is_side_call(call):
            return Claim.SIDE
        if self.is_sub_agent(call):
            return Claim.SUB_AGENT
        said = call.outline.said
        if not self._ends_authored(said):
            return Claim.CONTINUATION
        if call.outline.ends_with_tool_result and not said[-1].tool_result:
            return Claim.CONTINUATION
        return Claim.AUTHORED

    def _ends_authored(self, said: Sequence[Said]) -> bool:
        """Whether a person wrote something in the newest messages of the user's role, those that
        stand directly behind each other: some clients put reminders behind the person's text."""
        for message in reversed(said):
            if self.authored(message) is not None:
                return True
            if not message.joins:
                return False
        return False

    def set_up(self, plan: Plan) -> tuple[SetUp, ...]:
        """What each of the client's own files must say to use a plan; nothing where nobody can
        write them for a person."""
        return ()

    def environment(self, plan: Plan) -> Mapping[str, str]:
        """What its shell must say, for a client that looks there."""
        return {}

    def paste(self, plan: Plan) -> tuple[Paste, ...]:
        """What a person puts in by hand."""
        return ()

    def refuse(self, refusal: Refusal) -> Form:
        """Say a refusal so that the client stops at its first call and shows the text, or tries
        again by itself where waiting a moment helps.

        A window's end is never told as ``retry-after``: some clients obey it for hours, in
        silence. ``x-should-retry: false`` stops the SDKs of both protocols; a program of somebody's
        own is told what else there is in GLM Coding Plan's status.
        """
        if refusal.wait is Wait.MOMENT:
            return Form(refusal.status, retry_after(refusal))
        stops = refusal.status == 429 and (self.id or refusal.wait is Wait.WINDOW)
        return Form(self.limit_status if stops else refusal.status, (STOP,))


STOP = (b"x-should-retry", b"false")


def retry_after(refusal: Refusal) -> tuple[tuple[bytes, bytes], ...]:
    if refusal.retry_after_seconds is None:
        return ()
    return ((b"retry-after", b"%d" % refusal.retry_after_seconds),)


def session_in(user: str) -> str:
    """The session in what a client wrote about its user: inside a JSON text, or behind
    ``session_``; "" where it names none."""
    match = _SESSION_ID.search(user)
    return (match[1] or match[2]) if match else ""


def kept(name: str) -> str:
    """A name that a client gave as it may be kept: itself, or what stands for it where it is longer
    than a name or cannot be printed."""
    return name if len(name) <= _LONGEST_NAME and name.isprintable() else hashed(name)


def hashed(text: str) -> str:
    """A short name for a text: what is kept of what people write."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
