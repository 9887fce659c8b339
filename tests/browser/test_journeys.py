"""What people come for, from the first page to the last, with the real Claude Code: a subscriber's
way, and an operator's."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.conftest import CATALOGUE, OPERATOR_PASSWORD
from support import tools
from support.browser import Visitor
from support.service import Service, opencode
from support.upstream import ScriptedUpstream

PASSWORD = "a long one 1234"


@pytest.fixture(scope="module")
def codes(service: Service) -> Iterator[list[str]]:
    made = service.cli(
        "admin", "codes", "make", "trial", "3", "--plan", "lite",
        "--url", service.url, "--data", str(service.data),
    )  # fmt: skip
    yield list(made["codes"])


def press(page: Page, name: str) -> None:
    """The button or the link of that name, and what it leads to, whole."""
    page.get_by_role("button", name=name, exact=True).or_(
        page.get_by_role("link", name=name, exact=True)
    ).first.click()
    page.wait_for_load_state()


def amount(cell: Locator) -> int:
    """In minor units."""
    return int(re.sub(r"[^-0-9]", "", cell.inner_text()))


def pay_in(service: Service, email: str, amount: str) -> None:
    service.cli(
        "admin", "account", "credit", email, amount, "--reference", "a transfer",
        "--url", service.url, "--data", str(service.data),
    )  # fmt: skip


def test_a_refused_program_is_explained_and_can_be_admitted(
    visit: Callable[..., Visitor], demo_key: str, refused_call: str
) -> None:
    # Its person has the request id from the refusal.
    visitor = visit()
    visitor.sign_in_with_key(demo_key)
    page = visitor.goto("usage")
    page.get_by_role("textbox", name="An id that a tool has shown").fill(refused_call)
    press(page, "Look it up")
    expect(page.get_by_text("Nothing was charged")).to_be_visible()
    expect(page.get_by_text("zeta-coder/1.0").last).to_be_visible()
    expect(page.get_by_text("send this page's request id to your operator")).to_be_visible()

    # Their operator finds the program, and an entry by which it would be known.
    operator = visit()
    operator.sign_in("operator@localhost", OPERATOR_PASSWORD)
    press(operator.page, "Unknown programs")
    operator.page.get_by_role("link", name=refused_call).click()
    expect(operator.page.locator("#entry")).to_contain_text('id = "zeta-coder"')
    expect(operator.page.locator("#entry")).to_contain_text('user_agent = "zeta-coder/*"')
    page = operator.goto("operator/programs")
    page.get_by_role("textbox", name="Request id").fill("req_nothing")
    with page.expect_response("**/operator/programs/call*") as answered:
        page.get_by_role("button", name="Look it up").click()
    assert answered.value.status == 404
    expect(page.get_by_text("There is no refused call of this id")).to_be_visible()


def test_from_signing_up_to_cancelling(
    visit: Callable[..., Visitor], service: Service, codes: list[str], tmp_path: Path
) -> None:
    tools.install()
    visitor = visit(timezone_id="Europe/Berlin")
    page = visitor.page
    page.on("dialog", lambda dialog: dialog.accept())
    email = "journey@example.org"

    # Sign up. The browser's own zone is the account's.
    visitor.goto("sign-up")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", PASSWORD)
    press(page, "Make my account")
    expect(page.get_by_role("heading", name="No plan runs")).to_be_visible()

    # Lite by a redeem code.
    press(page, "Redeem a code")
    page.get_by_role("textbox", name="Code").fill(codes[0])
    press(page, "Redeem")
    expect(page.get_by_text("The code is redeemed.")).to_be_visible()
    expect(page.get_by_text("120 of 120 left").first).to_be_visible()

    # Claude Code, with a key of its own.
    press(page, "Set up a tool")
    page.get_by_role("link", name="Claude Code", exact=True).click()
    press(page, "Make a key and fill it in")
    lines = page.locator("#lines").inner_text()
    key = re.search(r"ANTHROPIC_AUTH_TOKEN=(\S+)", lines)
    address = re.search(r"ANTHROPIC_BASE_URL=(\S+)", lines)
    assert key is not None
    assert address is not None
    assert address[1] == f"{service.url}/api/anthropic"
    press(page, "Wait for the first call")
    expect(page.get_by_text("Waiting for the first call")).to_be_visible()

    # The overview is open in another tab, and sees the prompt arrive by itself.
    overview = visitor.context.new_page()
    overview.goto(f"{service.url}/console/")
    expect(overview.get_by_role("heading", name="No prompt yet")).to_be_visible()
    ran = tools.claude_code(service.url, key[1], "What does add do?", tmp_path / "one")
    assert ran.status == 0, ran.seen
    assert "Adds two numbers." in ran.seen
    expect(overview.get_by_role("heading", name="Your last prompt", exact=True)).to_be_visible()
    expect(overview.get_by_text("119 of 120 left")).to_be_visible()
    expect(overview.get_by_text("It took 1 prompt")).to_be_visible()
    expect(page.get_by_text("It works: a call of Claude Code came.")).to_be_visible()

    # Its receipt says why.
    overview.get_by_role("link", name="Open its receipt").click()
    expect(overview.get_by_text("a new prompt").first).to_be_visible()
    expect(overview.get_by_text("every charge agrees")).to_be_visible()
    overview.close()

    # Upgrade to Pro: the plan that was given is worth nothing, and the promotion is shown.
    pay_in(service, email, "500.00")
    press(page, "Plans")
    page.get_by_role("link", name="Buy: Lite, a month").click()
    expect(page.get_by_text("To pay now")).to_be_visible()
    press(page, "From the balance (¥500.00)")
    expect(page.get_by_text("The plan is yours.")).to_be_visible()
    press(page, "Plans")
    page.get_by_role("link", name="Upgrade: Pro, a month").click()
    expect(page.get_by_text("unused part of the running period")).to_be_visible()
    expect(page.get_by_text("Opening")).to_be_visible()
    listed, discount, unused = (amount(cell) for cell in page.locator("tbody td.number").all())
    assert (listed, discount) == (200_00, -20_00)
    # Of a month for ¥40.00 that began just now, and of which one prompt is used.
    assert -40_00 < unused <= -39_90
    due = amount(page.locator("tfoot td"))
    assert due == listed + discount + unused
    press(page, "From the balance (¥460.00)")
    expect(page.get_by_text("599 of 600 left")).to_be_visible()

    # A team with a member.
    press(page, "Team")
    page.get_by_role("textbox", name="Name").fill("Journey Ltd")
    page.get_by_label("E-mail for its bills").fill("bills@example.org")
    press(page, "Found it")
    pay_in(service, "bills@example.org", "1000.00")
    page.get_by_role("spinbutton", name="Seats").fill("2")
    press(page, "See the price")
    page.get_by_role("button", name=re.compile("From the balance")).click()
    expect(page.get_by_text("2 seats, 1 free")).to_be_visible()
    page.locator("form[action*='/invite'] input[name=email]").fill("member@example.org")
    press(page, "Offer a seat")
    token = page.locator("#secret").inner_text()
    member = visit()
    member.goto("sign-up")
    member.page.fill("input[name=email]", "member@example.org")
    member.page.fill("input[name=password]", PASSWORD)
    press(member.page, "Make my account")
    press(member.page, "Team")
    member.page.get_by_role("textbox", name="Invitation").fill(token)
    press(member.page, "Take the seat")
    expect(member.page.get_by_text("Your key for the seat")).to_be_visible()
    seat_key = member.page.locator("#secret").inner_text()
    ran = tools.claude_code(service.url, seat_key, "And sub?", tmp_path / "two")
    assert ran.status == 0, ran.seen
    press(page, "Team")
    expect(page.get_by_role("row", name=re.compile("member@example.org.* 1 . 120"))).to_be_visible()

    # A key that is revoked: its next call fails.
    press(page, "Keys")
    page.get_by_role("region", name=re.compile("Claude Code")).get_by_role(
        "button", name="Revoke"
    ).click()
    expect(page.get_by_text("It is revoked.")).to_be_visible()
    ran = tools.claude_code(service.url, key[1], "Once more?", tmp_path / "three")
    assert ran.status != 0
    assert "not valid" in ran.seen

    # Cancelled, and taken back, and cancelled.
    press(page, "Plans")
    press(page, "Cancel the plan")
    expect(page.get_by_text("The plan is cancelled.")).to_be_visible()
    press(page, "Renew it after all")
    expect(page.get_by_text("renewed again")).to_be_visible()
    press(page, "Cancel the plan")
    expect(page.get_by_text("The plan is cancelled.")).to_be_visible()
    assert visitor.complaints == []


def test_a_device_that_is_revoked_calls_no_more(
    visit: Callable[..., Visitor], service: Service, tmp_path: Path
) -> None:
    made = service.account("devices@example.org")
    visitor = visit()
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    assert tools.claude_code(service.url, made["key"], "Hello?", tmp_path).status == 0
    visitor.sign_in_with_key(made["key"])
    page = visitor.goto("devices")
    expect(page.get_by_role("row", name=re.compile("Claude Code.*may call"))).to_be_visible()
    page.get_by_role("button", name="Revoke: Claude Code").click()
    expect(page.get_by_text("It is revoked.")).to_be_visible()
    ran = tools.claude_code(service.url, made["key"], "Hello again?", tmp_path)
    assert ran.status != 0
    assert "was revoked by the account's owner" in ran.seen
    page.get_by_role("button", name="Let it in again: Claude Code").click()
    expect(page.get_by_text("It is saved.")).to_be_visible()
    assert tools.claude_code(service.url, made["key"], "And now?", tmp_path).status == 0


def test_an_operators_day(
    visit: Callable[..., Visitor],
    service: Service,
    upstream: ScriptedUpstream,
    demo_key: str,
) -> None:
    visitor = visit()
    page = visitor.page
    page.on("dialog", lambda dialog: dialog.accept())
    visitor.sign_in("operator@localhost", OPERATOR_PASSWORD)

    # A promotion: what it would change, and what prices it makes at a time of one's choice.
    press(page, "Plans and promotions")
    expect(page.get_by_role("cell", name="Opening", exact=True)).to_be_visible()
    page.get_by_label("At (Asia/Shanghai)").fill("2030-06-01T12:00")
    press(page, "Show")
    expect(page.get_by_role("row", name=re.compile(r"pro month upgrade ¥180\.00"))).to_be_visible()
    page.get_by_label("At (Asia/Shanghai)").fill("2100-06-01T12:00")
    press(page, "Show")
    expect(page.get_by_role("row", name=re.compile(r"pro month upgrade ¥200\.00"))).to_be_visible()
    draft = CATALOGUE.format(base_url=upstream.base_url)
    draft = draft.replace("percent_off = 10", "percent_off = 25")
    draft = draft.replace('per = "5h", limit = 600', 'per = "5h", limit = 3')
    page.get_by_label("codeplan.toml").fill(draft.replace("percent_off = 25", "percent_off = 250"))
    press(page, "What would change?")
    expect(page.get_by_text("less than or equal to 100")).to_be_visible()
    page.get_by_label("codeplan.toml").fill(draft)
    press(page, "What would change?")
    row = re.compile("promotion opening, percent_off 1000 2500")
    expect(page.get_by_role("row", name=row)).to_be_visible()
    expect(
        page.get_by_role("row", name=re.compile("plan pro, windows, 5hour, limit"))
    ).to_be_visible()

    # The simulator: three prompts in five hours would stop those who hold Pro.
    press(page, "Replay real use")
    expect(page.get_by_role("heading", name="Who would meet a limit")).to_be_visible(timeout=60_000)
    in_force = page.get_by_role("row", name=re.compile("^Pro in force")).inner_text().split("\t")
    then = page.get_by_role("row", name=re.compile("^Pro draft")).inner_text().split("\t")
    assert int(in_force[2]) == int(then[2]) >= 1
    assert int(in_force[3]) == 0
    assert int(then[3]) >= 1
    assert "5-hour window" in then[6]

    # A case: its evidence, and a decision that the person is told of.
    press(page, "Cases")
    page.locator("a[href*='/cases/case_']").first.click()
    expect(page.get_by_text("6 devices at once")).to_be_visible()
    page.get_by_label("What the person is told").fill("A build farm, as you said.")
    press(page, "Dismiss the case")
    expect(page.get_by_text("The case is decided, and the person told.")).to_be_visible()
    expect(page.get_by_text("dismissed")).to_be_visible()

    # A refund of what a made-up person paid.
    press(page, "Orders and payments")
    row_of = page.get_by_role("row", name=re.compile("person-1@demo.invalid.*Pro|person-1"))
    row_of.locator("summary").first.click()
    row_of.get_by_label("Amount").fill("10.00")
    row_of.get_by_label("Reason").fill("An hour without service")
    row_of.get_by_role("button", name="Give back").click()
    expect(page.get_by_text("It is given back.")).to_be_visible()
    expect(page.get_by_text("¥10.00 given back")).to_be_visible()
    press(page, "Check the books now")
    expect(page.get_by_text("The books agree.")).to_be_visible()

    # An upstream that is taken out of service gets no call, and then again.
    press(page, "Upstreams")
    page.get_by_role("button", name="Take out of service: up").click()
    expect(page.get_by_text("out of service", exact=True)).to_be_visible()
    refused = _call(service, demo_key)
    assert refused == 503
    page.get_by_role("button", name="Back into service: up").click()
    expect(page.get_by_text("in service", exact=True)).to_be_visible()
    assert _call(service, demo_key) == 200

    # All of it is in the audit log.
    press(page, "Audit log")
    for what in ("/refund", "/cases/", "/plans/simulate", "/upstreams/up/drain"):
        expect(page.get_by_text(what).first).to_be_visible()
    # The browser says of the draft with an error that it was refused; nothing else.
    assert all("/plans/draft" in one and "400" in one for one in visitor.complaints)


def _call(service: Service, key: str) -> int:
    headers = {"authorization": f"Bearer {key}", **opencode(f"s{time.time_ns()}")}
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "Hello"}]}
    with service.client() as http:
        answer = http.post("/api/coding/paas/v4/chat/completions", headers=headers, json=body)
    return answer.status_code
