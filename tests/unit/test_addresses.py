"""E-mail addresses: one form for each."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeplan.accounts.addresses import (
    EmailInvalid,
    accounts_at,
    address_of,
    name_of,
    same_address,
)
from codeplan.store.rows import Account

NFC, NFD = "jürgen@example.com", "ju\u0308rgen@example.com"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (NFC, NFC),
        (NFD, NFC),
        ("  someone@example.org\t", "someone@example.org"),
        ("\u3000someone@example.org\u00a0", "someone@example.org"),
        ("Some.One+tag@EXAMPLE.Org", "Some.One+tag@example.org"),
        ("a@Bücher.Example", "a@xn--bcher-kva.example"),
        ("a@bu\u0308cher.example", "a@xn--bcher-kva.example"),
        ("a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example"),
        ("用户@例子.中国", "用户@xn--fsqu00a.xn--fiqs8s"),
        ("a@例子。中国", "a@xn--fsqu00a.xn--fiqs8s"),
        ("operator@localhost", "operator@localhost"),
        ("o'neil@example.org", "o'neil@example.org"),
    ],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert address_of(typed) == kept
    assert same_address(typed, kept)


@pytest.mark.parametrize(
    "typed",
    [
        "", "nobody", "@example.org", "a@", "a@b@c.org", "a b@example.org", "a@exam ple.org",
        "a@example.org\n", "\na@example.org", "a@example.org\r\nbcc: b@example.org",
        "a\u202e@example.org", "a@exam\u202eple.org", "\u202aa@example.org", "a\u200b@example.org",
        "a@example.org\u200b", "\ufeffa@example.org", "a\x00@example.org", "a\u2028@example.org",
        "a,b@example.org", "<a@example.org>", "a@example.org, b@example.org", "a;b@example.org",
        "a@-x.org", "a@x..org", "a@.org", "a@example.org.", "a@ex_ample.org", "a＠example.org",
        "x" * 65 + "@example.org", "ü" * 33 + "@example.org", "a@" + "x" * 64 + ".org",
        "a@" + "x." * 130 + "org", "a\ud800@example.org", "a\u00a0b@example.org",
    ],
)  # fmt: skip
def test_what_is_none_is_refused(typed: str) -> None:
    with pytest.raises(EmailInvalid):
        address_of(typed)


@given(st.text())
def test_it_is_the_same_the_second_time_or_refused(text: str) -> None:
    for typed in (text, f"{text}@example.org", f"a@{text}"):
        try:
            address = address_of(typed)
        except EmailInvalid:
            continue
        assert address_of(address) == address == unicodedata.normalize("NFC", address)
        assert same_address(typed, address) and name_of(typed) == name_of(address)
        assert not any(unicodedata.category(one) in ("Cc", "Cf", "Zl") for one in address)


class _Kept:
    """Accounts by the spelling that is in the store."""

    def __init__(self, *emails: str) -> None:
        self.accounts = {one: Account(f"acc_{one}", one, "subscriber", 0) for one in emails}

    async def account_by_email(self, email: str) -> Account | None:
        return self.accounts.get(email)


@pytest.mark.parametrize("kept", [NFC, NFD, "a@bücher.example", "a@xn--bcher-kva.example"])
async def test_an_account_is_found_however_it_was_spelled_when_it_was_made(kept: str) -> None:
    address = address_of(kept)
    local, _, domain = kept.partition("@")
    for typed in (kept, address, unicodedata.normalize("NFD", kept), f" {local}@{domain.upper()} "):
        (found,) = await accounts_at(_Kept(kept), typed)  # type: ignore[arg-type]  # one method
        assert found.email == kept


async def test_of_two_of_before_each_is_found_by_its_own_spelling() -> None:
    both = _Kept(NFC, NFD)
    for typed in (NFC, NFD):
        found = await accounts_at(both, typed)  # type: ignore[arg-type]  # one method
        assert [found[0].email, len(found)] == [typed, 2]
    odd = "a\u202e@example.org"
    (found,) = await accounts_at(_Kept(odd), odd)  # type: ignore[assignment,arg-type]  # as above
