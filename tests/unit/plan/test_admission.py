"""Which programs a plan serves."""

import pytest

from codeplan.plan.admission import Admission, Verdict, with_admission

LISTED = Admission("known", frozenset({"cline"}))


@pytest.mark.parametrize(
    ("admission", "client", "known", "shaped", "verdict"),
    [
        (Admission(), "opencode", True, False, Verdict.SERVE),
        (Admission(), "agent", False, True, Verdict.SERVE),
        (Admission(), "", False, False, Verdict.RIDE),
        (Admission("known"), "opencode", True, False, Verdict.SERVE),
        (Admission("known"), "agent", False, True, Verdict.REFUSE),
        (Admission("known"), "", False, False, Verdict.RIDE),
        (Admission("any"), "", False, False, Verdict.SERVE),
        (LISTED, "cline", True, False, Verdict.SERVE),
        (LISTED, "opencode", True, False, Verdict.REFUSE),
        (LISTED, "agent", False, True, Verdict.REFUSE),
        (Admission("known", otherwise="paid"), "agent", False, True, Verdict.PAY),
        (Admission("known", otherwise="observe"), "agent", False, True, Verdict.OBSERVE),
    ],
)
def test_verdicts(
    admission: Admission, client: str, known: bool, shaped: bool, verdict: Verdict
) -> None:
    assert admission.verdict(client, known, shaped) is verdict


def test_plans_of_before_keep_whom_they_admitted() -> None:
    for stored, admission in (
        ({"any_client": True}, {"admit": "any", "clients": None, "otherwise": "refuse"}),
        ({"clients": ["cline"]}, {"admit": "agents", "clients": ["cline"], "otherwise": "refuse"}),
        ({}, {"admit": "agents", "clients": None, "otherwise": "refuse"}),
    ):
        assert with_admission(stored)["admission"] == admission
    newer = {"admission": {"admit": "known"}, "clients": None}
    assert with_admission(newer) == newer
