"""The page's words for outcomes are those of the phases, each of the right kind, and so are its defaults."""

import re
from pathlib import Path

import msgspec

from service.campaigns.model import Analysis, DnsValidation, HttpValidation
from service.campaigns.outcomes import FAILED, LABELS, SUCCEEDED
from service.domains.importing.model import RejectReason
from service.progress.events import CampaignPhase

OUTCOME = re.compile(r"\{ word: '(\w+)', kind: '(\w+)', meaning: '[^']{10,}' \}")


def kinds_of(phase: CampaignPhase) -> dict[str, str]:
    return {
        word: "succeeded" if code in SUCCEEDED[phase] else "failed" if code in FAILED[phase] else "negative"
        for code, word in LABELS[phase].items()
    }


def test_each_outcome_is_there_with_its_kind_and_a_meaning(repository: Path) -> None:
    text = (repository / "service/dashboard/page/src/words/outcomes.ts").read_text()
    parts = re.split(r"^  (\w+): \[$", text, flags=re.MULTILINE)[1:]
    told = {phase: dict(OUTCOME.findall(body)) for phase, body in zip(parts[::2], parts[1::2], strict=True)}
    assert told == {str(phase): kinds_of(phase) for phase in CampaignPhase}


def test_each_reason_to_reject_a_line_is_said(repository: Path) -> None:
    text = (repository / "service/dashboard/page/src/words/rejects.ts").read_text()
    assert re.findall(r"^  (\w+): '[^']{10,}',$", text, flags=re.MULTILINE) == list(RejectReason)


def test_what_stays_empty_is_shown_as_the_server_takes_it(repository: Path) -> None:
    text = (repository / "service/dashboard/page/src/configuring/defaults.ts").read_text()
    dns, http, analysis = DnsValidation(), HttpValidation(), Analysis()
    taken = {
        "attempts": dns.attempts,
        "dnsTimeout": dns.timeout_seconds,
        "httpTimeout": http.timeout_seconds,
        "concurrency": http.concurrency,
        "userAgent": http.user_agent,
        "acceptLanguage": http.accept_language,
        "match": analysis.thresholds.match,
        "contentBytes": analysis.thresholds.min_content_bytes,
        "parkedFloor": analysis.thresholds.parked_floor,
        **msgspec.to_builtins(analysis.weights),
    }
    told = dict(re.findall(r"^  (\w+): '([^']+)',$", text, flags=re.MULTILINE))
    assert told == {name: value if isinstance(value, str) else f"{value:g}" for name, value in taken.items()}
