"""A client that is data: what it is recognised by, where its session is, what of its calls nobody
typed, how it stops, and its set-up. Built-in entries and an operator's have this one form."""

import re
from collections.abc import Mapping
from fnmatch import translate
from typing import Any

import msgspec

from codeplan.clients.base import AtLimit, CalledFrom, Client, CountedBy, SeenCall
from codeplan.clients.filling import fill, fill_lines
from codeplan.clients.set_up import Paste, Path, Plan, SetUp
from codeplan.plan.turns import Claim

# So much of a system prompt is looked at for a mark that does not stand at its start.
_LOOKED_AT = 1000
# Most patterns are a start and a star, for which no regular expression is needed.
_SIMPLE = re.compile(r"[^*?\[\]]+\*$")


class Entry(msgspec.Struct, frozen=True):
    """One client. Its names are ``user_agent`` (patterns) and ``system`` (how the system prompt
    begins; ``*text`` for what stands within its first 1,000 characters): one that fits is enough.
    Its conditions are ``header`` (patterns by name), ``tools_any`` (one of these is offered) and
    ``protocols``: all must hold. ``session``: where its id is, as ``header:x`` or ``body:a.b``; the
    usual places where nothing is said. ``side``: how its own calls' system prompt or newest text
    begins; ``side_without_tools``: a call without tools is its own. ``sub_agent``: how a
    sub-agent's system prompt begins; ``sub_agent_tools``: what is offered to sub-agents alone.
    ``nudges``: how texts begin that nobody typed; ``authored_when``: ``header:x=y``, by which it
    says that somebody did. ``refuse``: the status of a used-up window that stops it at its first
    call. ``start``: how it is started, where its program's name does not do; ``headless``: the
    words by which it answers one ``{prompt}`` without a window. ``set_up``: its values are
    templates (filling.py). For its person: ``at_limit``, ``counted_by``, ``called_from``
    (base.py)."""

    id: str
    name: str
    user_agent: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    header: Mapping[str, str] = {}
    tools_any: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    side: tuple[str, ...] = ()
    side_without_tools: bool = False
    sub_agent: tuple[str, ...] = ()
    sub_agent_tools: tuple[str, ...] = ()
    nudges: tuple[str, ...] = ()
    authored_when: str = ""
    refuse: int = 402
    at_limit: AtLimit = "unmeasured"
    counted_by: CountedBy = "unmeasured"
    called_from: CalledFrom = "machine"
    programs: tuple[str, ...] = ()
    start: str = ""
    headless: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    set_up: tuple[SetUp, ...] = ()
    paste: tuple[Paste, ...] = ()


class EntryClient(Client):
    """The client that an entry describes."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.id, self.name, self.programs = entry.id, entry.name, entry.programs
        self.start, self.headless = entry.start, entry.headless
        self.limit_status = entry.refuse
        self.at_limit, self.counted_by = entry.at_limit, entry.counted_by
        self.called_from = entry.called_from
        # An operator's entry is added to what agents share, which no person types.
        self.not_authored = (*Client.not_authored, *entry.nudges)
        if entry.session:
            self.session_sources = entry.session
        simple = [glob for glob in entry.user_agent if _SIMPLE.match(glob)]
        self.agent_starts = tuple(glob[:-1] for glob in simple)
        others = tuple(glob for glob in entry.user_agent if glob not in simple)
        self._agents = _pattern(others) if others else None
        self.system_starts = tuple(text for text in entry.system if not text.startswith("*"))
        self._marks = tuple(text.strip("*") for text in entry.system if text.startswith("*"))
        self._headers = tuple(
            (name.lower().encode(), _pattern((pattern,))) for name, pattern in entry.header.items()
        )
        self._tools = frozenset(entry.tools_any)
        place, _, value = entry.authored_when.partition("=")
        self._authored_place, self._authored_value = place, value

    @property
    def is_named_by_starts(self) -> bool:
        """Whether nothing but those starts can name it, so that one look rules out many."""
        named = bool(self.agent_starts or self.system_starts)
        return named and self._agents is None and not self._marks

    def recognises(self, call: SeenCall) -> bool:
        entry = self.entry
        if entry.protocols and call.protocol not in entry.protocols:
            return False
        if (entry.user_agent or entry.system) and not self._is_named(call):
            return False
        return all(pattern.match(call.header(name)) for name, pattern in self._headers) and (
            not self._tools or not self._tools.isdisjoint(call.outline.tool_names)
        )

    def _is_named(self, call: SeenCall) -> bool:
        return (
            (bool(self.agent_starts) and call.user_agent.startswith(self.agent_starts))
            or (bool(self.system_starts) and call.system_start.startswith(self.system_starts))
            or (self._agents is not None and bool(self._agents.match(call.user_agent)))
            or any(mark in call.system_start[:_LOOKED_AT] for mark in self._marks)
        )

    def is_side_call(self, call: SeenCall) -> bool:
        entry = self.entry
        if entry.side_without_tools and not call.offers_tools:
            return True
        if not entry.side:
            return False
        return call.system_begins(*entry.side) or call.newest_begins(*entry.side)

    def is_sub_agent(self, call: SeenCall) -> bool:
        starts, tools = self.entry.sub_agent, self.entry.sub_agent_tools
        return (bool(starts) and call.system_begins(*starts)) or (
            bool(tools) and not set(tools).isdisjoint(call.outline.tool_names)
        )

    def _claim(self, call: SeenCall) -> Claim:
        claim = super()._claim(call)
        if claim is Claim.AUTHORED and self._authored_place:
            says = call.value(self._authored_place)
            # Nobody typed the first text of this conversation: a tool call of a turn began it.
            return Claim.AUTHORED if says in ("", self._authored_value) else Claim.SUB_AGENT
        return claim

    def set_up(self, plan: Plan) -> tuple[SetUp, ...]:
        return tuple(_filled_in(file, plan) for file in self.entry.set_up)

    def paste(self, plan: Plan) -> tuple[Paste, ...]:
        return tuple(Paste(one.where, fill_lines(one.text, plan)) for one in self.entry.paste)

    def environment(self, plan: Plan) -> Mapping[str, str]:
        table: Mapping[str, Any] = fill(dict(self.entry.environment), plan) or {}
        return {name: str(value) for name, value in table.items()}


def _filled_in(file: SetUp, plan: Plan) -> SetUp:
    """A file's templates with a plan's values."""
    return msgspec.structs.replace(
        file,
        values=_filled(file.values, plan),
        then=fill(file.then, plan),
        defaults=_filled(file.defaults, plan),
        unless=tuple(
            (path, tuple(fill(one, plan) for one in patterns)) for path, patterns in file.unless
        ),
        outranks={
            name: (path, fill(template, plan)) for name, (path, template) in file.outranks.items()
        },
    )


def _filled(values: tuple[tuple[Path, Any], ...], plan: Plan) -> tuple[tuple[Path, Any], ...]:
    filled = ((path, fill(template, plan)) for path, template in values)
    return tuple((path, value) for path, value in filled if value is not None)


def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One that matches any of these: ``*`` stands for anything, and all must fit to the end."""
    return re.compile("|".join(translate(glob) for glob in globs))
