"""Clients that are data: every key of an entry, on calls made for it."""

import json
from typing import Any

import pytest

from codeplan.clients.base import SeenCall
from codeplan.clients.entry import Entry, EntryClient
from codeplan.clients.learning import entry_text
from codeplan.clients.refusal import Refusal, Wait
from codeplan.clients.registry import AGENT, UNKNOWN, Clients
from codeplan.clients.set_up import ModelLimits, Paste, Plan, is_configuration
from codeplan.config.build_clients import build_clients, built_in_clients, built_in_entries
from codeplan.config.load import parse
from codeplan.plan.turns import Claim
from codeplan.protocol.openai_chat import outline as openai

AGENT_TOOLS = ("read", "bash", "write")
CATALOGUE = """
[[models]]
id = "m"
[[plans]]
id = "p"
name = "P"
windows = [{ unit = "prompt", per = "5h", limit = 10 }]
models = ["m"]
"""


def call(
    *texts: str,
    system: str = "",
    agent: str = "x/1",
    tools: tuple[str, ...] = (),
    headers: dict[str, str] | None = None,
    **more: Any,
) -> SeenCall:
    """A Chat call whose user says these texts, an answer between each two."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for text in texts:
        messages += [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}]
    offered = [{"type": "function", "function": {"name": name}} for name in tools]
    body = json.dumps({"model": "m", "messages": messages[:-1], "tools": offered, **more}).encode()
    sent = {"user-agent": agent, **(headers or {})}
    names = {name.encode(): value.encode() for name, value in sent.items()}
    return SeenCall("openai_chat", names, openai.read(body), body)


def known(**keys: Any) -> EntryClient:
    return EntryClient(Entry(id="mine", name="Mine", **keys))


def test_one_name_is_enough_and_every_condition_must_hold() -> None:
    client = known(user_agent=("mine/*",), system=("You are Mine",), header={"x-a": "?*"})
    with_header = {"x-a": "1"}
    assert client.recognises(call("Hi", agent="mine/2", headers=with_header))
    assert client.recognises(call("Hi", system="  You are Mine, a tool", headers=with_header))
    assert not client.recognises(call("Hi", agent="mine/2"))
    assert not client.recognises(call("Hi", headers=with_header))
    assert known(system=("*operate in Mine*",)).recognises(call("Hi", system="You operate in Mine"))
    assert known(tools_any=("mine",)).recognises(call("Hi", tools=("mine", "other")))
    assert not known(tools_any=("mine",), protocols=("anthropic",)).recognises(
        call("Hi", tools=("mine",))
    )


def test_where_its_session_is() -> None:
    client = known(user_agent=("x/*",), session=("header:x-s", "body:extra.session"))
    assert client.session(call("Hi", headers={"x-s": "one"})) == "one"
    assert client.session(call("Hi", extra={"session": "two"})) == "two"
    assert client.session(call("Hi", extra={"session": 3})) == ""
    assert client.session(call("Hi", prompt_cache_key="three")) == ""
    usual = known(user_agent=("x/*",))
    assert usual.session(call("Hi", prompt_cache_key="three")) == "three"
    assert usual.session(call("Hi", headers={"x-affinity": "four"})) == "four"
    assert usual.session(call("Hi", user="user_abc_account__session_0a1b2c3d-11")) == "0a1b2c3d-11"
    assert usual.session(call("Hi", user="somebody@example.com")) == ""


def test_a_session_longer_than_any_id_is_not_kept_as_it_is() -> None:
    claim = known(user_agent=("x/*",)).claim(call("Hi", prompt_cache_key="s" * 100_000))
    assert 0 < len(claim.session) <= 200


def test_what_nobody_typed() -> None:
    client = known(user_agent=("x/*",), nudges=("Go on:",), side=("Name it:", "You name things"))
    first = client.claim(call("Write it", tools=AGENT_TOOLS))
    nudged = client.claim(call("Write it", "Go on: call a tool", tools=AGENT_TOOLS))
    assert (first.claim, nudged.claim) == (Claim.AUTHORED, Claim.CONTINUATION)
    assert (first.ordinal, first.text_hash) == (nudged.ordinal, nudged.text_hash)
    assert client.claim(call("Name it: Write it")).claim is Claim.SIDE
    assert client.claim(call("Write it", system="You name things")).claim is Claim.SIDE
    assert known(side_without_tools=True).claim(call("Write it")).claim is Claim.SIDE
    assert known(sub_agent=("You are a sub-agent",)).claim(
        call("Look", system="You are a sub-agent of Mine")
    ).claim is Claim.SUB_AGENT  # fmt: skip


def test_reminders_behind_the_persons_text_leave_it_a_prompt() -> None:
    messages = [
        {"role": "user", "content": "Write it"},
        {"role": "user", "content": "<system-reminder>It is Monday</system-reminder>"},
    ]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    claim = known(user_agent=("x/*",)).claim(SeenCall("openai_chat", {}, openai.read(body), body))
    assert (claim.claim, claim.ordinal) == (Claim.AUTHORED, 1)


def test_a_client_that_says_who_typed() -> None:
    client = known(user_agent=("x/*",), authored_when="header:x-initiator=user")
    typed = client.claim(call("Hi", headers={"x-initiator": "user"}))
    started = client.claim(call("Hi", headers={"x-initiator": "agent"}))
    assert (typed.claim, started.claim) == (Claim.AUTHORED, Claim.SUB_AGENT)
    assert client.claim(call("Hi")).claim is Claim.AUTHORED


@pytest.mark.parametrize("status", [400, 402, 403, 429])
def test_how_it_is_refused(status: int) -> None:
    client = known(user_agent=("x/*",), refuse=status)
    form = client.refuse(Refusal(429, "1308", "used up", Wait.WINDOW, 17_999, 1))
    assert form.status == status
    assert b"retry-after" not in dict(form.headers)
    moment = client.refuse(Refusal(429, "1302", "many", Wait.MOMENT, 2))
    assert (moment.status, dict(moment.headers)[b"retry-after"]) == (429, b"2")


PLAN = Plan("http://h:1", "cp-k", "big", "small", {"big": ModelLimits(200_000, 32_000)})


def test_its_set_up_is_filled_in() -> None:
    config = parse(
        CATALOGUE
        + """
[[clients]]
id = "mine"
name = "Mine"
user_agent = "mine/*"
refuse = "403"
[clients.environment]
MINE_URL = "{url}/api/coding/paas/v4"
[[clients.set_up]]
files = ".mine/config.json"
format = "json"
then = "mine --model {large}"
values = [
  { path = ["key"], value = "{key}" },
  { path = ["limit"], value = { context = "{context}", output = "{output}" } },
  { path = ["small"], value = { context = "{small_context}" } },
  { path = ["models"], value = ["{large}", "{small}", "{large}"] },
]
""",
        "codeplan.toml",
    )
    client = build_clients(config.clients).named("mine")
    assert client is not None
    (set_up,) = client.set_up(PLAN)
    assert (set_up.files, set_up.then) == ((".mine/config.json",), "mine --model big")
    assert dict(set_up.values) == {
        ("key",): "cp-k",
        ("limit",): {"context": 200_000, "output": 32_000},
        ("models",): ["big", "small"],
    }
    assert client.environment(PLAN) == {"MINE_URL": "http://h:1/api/coding/paas/v4"}
    assert client.limit_status == 403


def test_a_line_of_a_paste_whose_limit_nobody_knows_is_left_out() -> None:
    text = 'a = "{large}"\nb = {context}, {output}\nc = {small_output}\n'
    client = known(user_agent=("x/*",), paste=(Paste("there", text),))
    assert client.paste(PLAN)[0].text == 'a = "big"\nb = 200000, 32000\n'
    unknown = Plan("http://h:1", "cp-k", "big", "small")
    assert client.paste(unknown)[0].text == 'a = "big"\n'


def test_every_built_in_set_up_is_filled_in_whole() -> None:
    for client in built_in_clients().known:
        texts = [
            str(client.environment(PLAN)),
            *(str((one.values, one.defaults, one.then)) for one in client.set_up(PLAN)),
            *(one.text for one in client.paste(PLAN)),
        ]
        for text in texts:
            assert not any(f"{{{place}}}" in text for place in ("url", "key", "large", "small"))


def test_an_operators_entry_comes_first_and_replaces_its_namesake() -> None:
    own = Entry(id="pi", name="Our pi", user_agent=("our-pi/*",))
    clients = Clients(built_in_entries(), [own])
    assert clients.recognise(call("Hi", agent="our-pi/1")).name == "Our pi"
    assert clients.name_of("pi") == "Our pi"
    assert [client.id for client in clients.known].count("pi") == 1


def test_an_agent_of_no_name_is_known_by_its_shape() -> None:
    recognise = built_in_clients().recognise
    assert recognise(call("Hi", tools=AGENT_TOOLS)) is AGENT
    assert recognise(call("Hi", tools=("read", "bash"))) is UNKNOWN
    assert recognise(call("Hi")) is UNKNOWN


def test_quotes_are_found_in_one_pass_whatever_is_sent() -> None:
    """Marks that nothing closes are many people's HTML; only so many pieces are looked at."""
    for text in ("<a>" * 20_000, "".join(f"<a{n}>" for n in range(8_000)), "x\n\n" * 20_000):
        assert len(UNKNOWN.companion(call(text)).quotes) <= 400


def test_what_an_errand_quotes() -> None:
    main = AGENT.claim(call("Create hello.txt", tools=AGENT_TOOLS))
    for text in (
        "Create hello.txt",
        "Find a title.\n\nUser: Create hello.txt",
        "<session>\nCreate hello.txt\n</session>\n\nWrite a title.",
        'Give a title to "Create hello.txt"\n"Create hello.txt"',
        "Title for this conversation:\nCreate hello.txt\nAnswer with the title alone.",
    ):
        assert main.text_hash in UNKNOWN.companion(call(text)).quotes, text
    assert main.text_hash not in UNKNOWN.companion(call("Say hello")).quotes
    with_tools = UNKNOWN.companion(call("Look around", tools=("read",)))
    assert (with_tools.claim, with_tools.quotes) == (Claim.HELPER, frozenset())


@pytest.mark.parametrize(
    ("agent", "system", "tools", "lines"),
    [
        ("my-agent/3.1 (linux)", "You are the helper", ("a",), ['id = "my-agent"', '"my-agent/*"']),
        ("OpenAI/JS 6.2", "You are Zeta Coder, an agent\nmore", (), ['id = "zeta-coder"']),
        ("python-httpx/0.2", "", ("one", "two"), ['tools_any = ["one", "two"]', "new-tool"]),
        ("pi/1", "x", (), ['id = "pi-2"']),
        ("*", "***\nYou", ("one",), ['id = "new-tool"', 'tools_any = ["one"]']),
        ("[a-z]*/1", "**", ("one",), ['tools_any = ["one"]']),
    ],
)
def test_an_entry_learnt_from_a_call_is_a_valid_one(
    agent: str, system: str, tools: tuple[str, ...], lines: list[str]
) -> None:
    text = entry_text(agent, system, tools, built_in_clients().ids)
    for line in lines:
        assert line in text
    config = parse(CATALOGUE + text, "codeplan.toml")
    client = build_clients(config.clients).recognise(
        call("Hi", agent=agent, system=system, tools=tools)
    )
    assert client.id == config.clients[0].id


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ('user_agent = "x/*"\nid = "any"', "means something else"),
        ('id = "mine"', "nothing is recognised without"),
        ('id = "mine"\nuser_agent = "x"\nsession = "cookie:a"', "header:<name> or body:<path>"),
        ('id = "mine"\nuser_agent = "x"\nauthored_when = "header:a"', "header:<name>=<value>"),
        ('id = "mine"\nuser_agent = "x"\nrefuse = 500', "refuse"),
        ('id = "mine"\nuser_agent = "x"\nenvironment = { A = "{secret}" }', "is not filled in"),
        (
            'id = "mine"\nuser_agent = "x"\npaste = [{ where = "x", text = "{secret}" }]',
            "is not filled in",
        ),
        ('id = "mine"\nuser_agent = "x"\nat_limit = "hangs"', "at_limit"),
        ('id = "mine"\nuser_agent = "x"\nsets = 1', "not a key that is known"),
        ('id = "mine"\nuser_agent = "**"', "fits every call"),
        ('id = "mine"\nsystem = "*"', "fits every call"),
        ('id = "mine"\nheader = { x = "*" }', "fits every call"),
        ('id = "mine"\nuser_agent = "x"\nenvironment = { "A;b" = "c" }', "no name of a variable"),
    ],
)
def test_an_entry_that_cannot_be_is_named(keys: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        _parse(f'{CATALOGUE}\n[[clients]]\nname = "Mine"\n{keys}\n')


@pytest.mark.parametrize("file", [".a/x.json", "a..b/x.jsonc", ".config/x/y.toml", "x.yml"])
def test_what_may_be_set_up(file: str) -> None:
    assert is_configuration(file)


@pytest.mark.parametrize("file", ["/etc/x.json", "../x.json", "a/../../x.json", ".bashrc", "x.sh"])
def test_a_set_up_lies_below_the_home_folder(file: str) -> None:
    assert not is_configuration(file)
    table = f"""
[[clients]]
id = "mine"
name = "Mine"
user_agent = "mine/*"
[[clients.set_up]]
files = "{file}"
format = "json"
values = [{{ path = ["a"], value = 1 }}]
"""
    with pytest.raises(ValueError, match="below the home folder"):
        _parse(CATALOGUE + table)


def _parse(text: str) -> None:
    try:
        parse(text, "codeplan.toml")
    except Exception as error:
        raise ValueError(str(error)) from None
