"""Words of the old system, and where they leave a campaign: whatever they are, a state that our machine knows."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.campaigns.model import PHASES
from service.campaigns.rules import phases_of
from service.migration.aliases import (
    PHASE_WORDS,
    STATUS_WORDS,
    TYPE_WORDS,
    Half,
    find_initial_phase,
    find_phase,
    find_status,
)
from service.migration.standing import Difference, OldWords, Standing, stand
from service.progress.events import CampaignPhase, PhaseStatus

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
PENDING, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = PhaseStatus

TYPES = (None, "", "nonsense", "lead_generation", "domain_generation", "dns_validation", "http_keyword_validation")
PHASE_SPELLINGS = (None, "", "nonsense", *PHASE_WORDS)
STATUS_SPELLINGS = (None, "", "nonsense", *STATUS_WORDS)


def spelled(word: str) -> list[str]:
    """Some of the ways in which people write a word."""
    return [word, word.upper(), word.title(), word.replace("_", "-"), word.replace("_", " "), word.replace("_", "")]


@pytest.mark.parametrize(
    ("words", "phase"),
    [
        ("generation discovery domain_generation setup", GENERATION),
        ("dns validation dns_validation dnsValidation", DNS),
        ("http http_validation http_keyword_validation HTTPKeywordValidation extraction feature_extraction", HTTP),
        ("analysis enrichment leads", ANALYSIS),
    ],
)
def test_four_vocabularies_name_the_same_phases(words: str, phase: CampaignPhase) -> None:
    found = [find_phase(spelling) for word in words.split() for spelling in spelled(word)]
    assert {each.phase if each else None for each in found} == {phase}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("pending queued draft not_started ready configured", PENDING),
        ("running in_progress", RUNNING),
        ("paused pausing", PAUSED),
        ("completed skipped archived", COMPLETED),
        ("failed", FAILED),
        ("cancelled canceled stopped", CANCELLED),
    ],
)
def test_statuses_of_all_eras(words: str, status: PhaseStatus) -> None:
    assert {find_status(spelling) for word in words.split() for spelling in spelled(word)} == {status}


@pytest.mark.parametrize("campaign_type", ["lead_generation", "domain_generation", "dns_validation", "http_validation"])
def test_a_type_says_where_a_campaign_begins(campaign_type: str) -> None:
    begins = find_initial_phase(campaign_type)
    assert begins is not None
    assert stand(OldWords(campaign_type=campaign_type)).initial is begins


def test_words_that_say_nothing_are_not_found() -> None:
    assert [find_phase(None), find_status(""), find_initial_phase("nonsense")] == [None, None, None]


# The seed's rules, cell by cell


SEED_PHASES = {
    "domain_generation": GENERATION,
    "dns_validation": DNS,
    "http_keyword_validation": HTTP,
    "else": GENERATION,
}
SEED_STATUSES = {"running": RUNNING, "completed": COMPLETED, "failed": FAILED}


@pytest.mark.parametrize(("campaign_type", "status"), [*product(SEED_PHASES, SEED_STATUSES)])
def test_where_the_seed_speaks_it_is_followed(campaign_type: str, status: str) -> None:
    stood = stand(OldWords(campaign_type=campaign_type, status=status))
    assert (stood.phase, stood.status) == (SEED_PHASES[campaign_type], SEED_STATUSES[status])
    assert {told.difference for told in stood.told} <= {Difference.PHASE_UNKNOWN}


@pytest.mark.parametrize(("status", "kept"), [("paused", PAUSED), ("cancelled", CANCELLED)])
def test_paused_and_cancelled_are_kept_and_told(status: str, kept: PhaseStatus) -> None:
    """The seed's rules would make them pending, and so begin them anew."""
    stood = stand(OldWords(campaign_type="domain_generation", status=status))
    assert stood.status is kept
    assert [told.difference for told in stood.told] == [Difference.STATUS_KEPT]


def test_null_everywhere_is_a_campaign_that_has_not_begun() -> None:
    assert stand(OldWords()) == Standing(GENERATION, GENERATION, PENDING)


# Two answers to one question


@pytest.mark.parametrize(
    ("phase_status", "status", "taken"),
    [
        ("running", "paused", PAUSED),
        ("paused", "running", PAUSED),
        ("failed", "cancelled", CANCELLED),  # stopped by a person: its phase fails "stopped by user"
        ("completed", "cancelled", COMPLETED),
        ("running", "completed", RUNNING),
        ("in_progress", "running", RUNNING),
        ("nonsense", "failed", FAILED),
        (None, "running", RUNNING),
    ],
)
def test_two_statuses_become_one(phase_status: str | None, status: str, taken: PhaseStatus) -> None:
    stood = stand(OldWords("lead_generation", status, "dns_validation", phase_status))
    assert (stood.phase, stood.status) == (DNS, taken)
    contradict = Difference.STATUSES_CONTRADICT in {told.difference for told in stood.told}
    assert contradict == (find_status(phase_status) not in {None, find_status(status)})


def test_a_phase_before_the_types_start_moves_the_start() -> None:
    stood = stand(OldWords("http_keyword_validation", None, "generation", "running"))
    assert (stood.initial, stood.phase, stood.status) == (GENERATION, GENERATION, RUNNING)
    assert Difference.PHASES_CONTRADICT in {told.difference for told in stood.told}


@pytest.mark.parametrize(
    ("phase", "status", "found", "stands"),
    [
        ("dns_validation", "not_started", (GENERATION,), (GENERATION, COMPLETED)),
        ("extraction", "ready", (GENERATION, DNS), (DNS, COMPLETED)),
        ("extraction", "ready", (GENERATION, DNS, HTTP), (HTTP, COMPLETED)),
        ("enrichment", "pending", (GENERATION, DNS, HTTP, ANALYSIS), (ANALYSIS, COMPLETED)),
        ("enrichment", "running", (GENERATION, DNS, HTTP, ANALYSIS), (ANALYSIS, RUNNING)),
        ("generation", "configured", (), (GENERATION, PENDING)),
        ("generation", "configured", (GENERATION,), (GENERATION, PAUSED)),
        ("dns", "pending", (GENERATION, DNS), (DNS, PAUSED)),
    ],
)
def test_what_has_not_begun_stands_at_the_end_of_what_went_before(
    phase: str, status: str, found: tuple[CampaignPhase, ...], stands: tuple[CampaignPhase, PhaseStatus]
) -> None:
    """Two words mean a phase of ours or its second half, by era: what was found tells which."""
    stood = stand(OldWords("lead_generation", None, phase, status, frozenset(found)))
    assert (stood.phase, stood.status) == stands


def test_where_no_phase_is_named_its_domains_tell() -> None:
    """The seed's rules put such a campaign at its beginning, whatever it has done."""
    stood = stand(OldWords("lead_generation", "running", found=frozenset({GENERATION, DNS})))
    assert (stood.phase, stood.status) == (DNS, RUNNING)
    assert [told.difference for told in stood.told] == [Difference.PHASE_RENAMED]


@pytest.mark.parametrize(("given", "initial"), [(GENERATION, HTTP), (DNS, DNS)])
def test_pages_are_asked_of_names_or_of_addresses(given: CampaignPhase, initial: CampaignPhase) -> None:
    assert stand(OldWords("http_keyword_validation", "running", given=given)).initial is initial


# Whatever they say


@given(
    st.builds(
        OldWords,
        campaign_type=st.sampled_from(TYPES) | st.text(),
        status=st.sampled_from(STATUS_SPELLINGS) | st.text(),
        current_phase=st.sampled_from(PHASE_SPELLINGS) | st.text(),
        phase_status=st.sampled_from(STATUS_SPELLINGS) | st.text(),
        found=st.frozensets(st.sampled_from(PHASES)),
        given=st.none() | st.sampled_from([GENERATION, DNS]),
    )
)
def test_every_campaign_stands_where_our_machine_can(words: OldWords) -> None:
    stood = stand(words)
    assert stood.initial is not ANALYSIS
    assert stood.phase in phases_of(stood.initial)
    assert stood.status is not PENDING or stood.phase is stood.initial
    assert stood.ended <= set(stood.begun)
    assert set(stood.begun) - stood.ended <= {stood.phase}


@given(st.data(), st.sampled_from(TYPES))
def test_two_aliases_of_one_thing_give_one_result(data: st.DataObject, campaign_type: str | None) -> None:
    """The words differ, and so may what is told of them."""
    phase_words = st.sampled_from([word for word, found in PHASE_WORDS.items() if found.half is Half.WHOLE])
    status_words = st.sampled_from(sorted(STATUS_WORDS))
    phases = data.draw(st.tuples(phase_words, phase_words).filter(lambda two: find_phase(two[0]) == find_phase(two[1])))
    statuses = data.draw(
        st.tuples(status_words, status_words).filter(lambda two: find_status(two[0]) == find_status(two[1]))
    )
    first, second = (
        stand(OldWords(campaign_type, status, phase, status)) for phase, status in zip(phases, statuses, strict=True)
    )
    assert (first.initial, first.phase, first.status) == (second.initial, second.phase, second.status)


def test_types_begin_where_a_campaign_can() -> None:
    assert set(TYPE_WORDS.values()) == set(PHASES) - {ANALYSIS}
