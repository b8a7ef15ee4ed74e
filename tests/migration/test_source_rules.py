"""What is read of an old database, row by row and document by document: whatever stands there, something is decided."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from service.campaigns.model import DomainGeneration, Pattern
from service.errors import Invalid
from service.generating.ranges import OffsetRange
from service.migration.model import Standing
from service.migration.prospects import kind_of
from service.migration.rows import CarriedPhase, Fate, OldRow, Shape, carry_rows, hash_bits
from service.migration.source.backup import restore_commands
from service.migration.source.documents import (
    CampaignDocument,
    EventDocument,
    OldCampaign,
    PhaseDocument,
    SettingsDocument,
    Shared,
    old_configuration,
    old_events,
)
from service.migration.source.shape import Kind, check_server
from service.migration.source.words import Origin
from service.migration.spaces import Block
from service.migration.walking_on import Walker, ranges_of, walk
from service.postgres.dumping import password_of, without_password
from service.progress.events import CampaignPhase

_, DNS, HTTP, _ = CampaignPhase
AT = datetime(2025, 8, 1, tzinfo=UTC)
GENERATION = DomainGeneration(Pattern.PREFIX, "shop", "abc", 2, ("com",), 5)
NOBODY = Shared({}, ())


def old_campaign(**parts: object) -> OldCampaign:
    return OldCampaign(CampaignDocument(uuid4(), "old"), **parts)  # type: ignore[arg-type]


def test_a_server_that_is_too_old_is_refused() -> None:
    check_server(13)
    with pytest.raises(Invalid, match="PostgreSQL 12; it needs 13 or newer"):
        check_server(12)


def test_of_rows_with_one_name_the_one_whose_results_go_furthest_stays() -> None:
    """Wherever in the batch it is."""
    rows = [
        OldRow(0, "a", "one.com", dns_status="ok"),
        OldRow(1, "b", "ONE.com", dns_status="ok", http_status="ok"),
        OldRow(2, "c", "one.com"),
    ]
    phases = {phase: CarriedPhase(1, AT, has_ended=False) for phase in (DNS, HTTP)}
    carried = carry_rows(rows, 5, Shape(has_dns=True, phases=phases, keyword_bits={}))
    assert (carried.first_position, carried.end_position, carried.row_count) == (5, 6, 3)
    fates = {fate.row_id: fate.fate for fate in carried.fates}
    assert fates == {"a": Fate.MERGED, "b": Fate.CHANGED, "c": Fate.MERGED}


@pytest.mark.parametrize(
    ("text", "bits"), [("ff" * 32, -1), ("00000000000000ff", 255), ("80", -(2**63)), ("no hash", None), (None, None)]
)
def test_hashes(text: str | None, bits: int | None) -> None:
    assert hash_bits(text) == bits


def test_words_that_nobody_knows_are_no_part_of_the_history() -> None:
    old = old_campaign(
        phases=(PhaseDocument("quantum", "completed", AT, AT), PhaseDocument("dns", "quantum", None, AT)),
        events=(EventDocument(AT, "quantum", "running"), EventDocument(AT, "dns", "quantum")),
    )
    assert list(old_events(old)) == []


def test_settings_of_unknown_phases_and_personas_that_are_none_are_passed_over() -> None:
    old = old_campaign(
        settings=(
            SettingsDocument("quantum", {"timeout": 3}),
            SettingsDocument("dns", None),
            SettingsDocument("dns", {"personaIds": ["nobody", str(uuid4())], "timeout": 3}),
        )
    )
    assert old_configuration(old, NOBODY).dns == (None, None, old.settings[2].configuration)


def test_whence_a_campaign_has_its_names() -> None:
    makes, resolves, fetches, fetches_names, lost = (uuid4() for _ in range(5))
    origins = {
        makes: Origin(makes, None, None),
        resolves: Origin(resolves, makes, None),
        fetches: Origin(fetches, None, resolves),
        fetches_names: Origin(fetches_names, None, makes),
        lost: Origin(lost, None, uuid4()),
    }
    kinds = [kind_of(origins[each], origins, frozenset({makes})) for each in origins]
    assert kinds == [Kind.OWN, Kind.RESOLVED, Kind.FETCHED, Kind.FETCHED_NAMES, Kind.FETCHED_ALONE]
    assert kind_of(origins[resolves], origins, frozenset()) is Kind.RESOLVED_ALONE
    assert kind_of(origins[fetches], origins, frozenset()) is Kind.FETCHED_ALONE


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"config_details": "none", "last_offset": 7},
        {"config_details": {"patternType": "prefix", "characterSet": "xyz", "variableLength": 2, "tld": ".com"}},
        {
            "config_details": {"patternType": "prefix", "characterSet": "xyz", "variableLength": 2, "tld": ".com"},
            "last_offset": 7,
        },
    ],
)
def test_states_of_patterns_that_nobody_has_change_nothing(state: dict[str, object]) -> None:
    walker = Walker(UUID(int=1), GENERATION, AT, 3, 5)
    assert walk([walker], [state]) == walk([walker], [])


def test_what_others_have_taken_is_left_out() -> None:
    """Blocks below the floor go, and the positions stay without a gap."""
    blocks = [Block(0, 10), Block(10, 10), Block(20, 5)]
    assert ranges_of(blocks, "com", 100, 15) == [OffsetRange("com", 15, 100, 105), OffsetRange("com", 20, 105, 110)]


def test_passwords_stand_in_no_command() -> None:
    url = "postgresql://owner:s%40cret@old.example:5433/domainflow"
    assert without_password(url) == "postgresql://owner@old.example:5433/domainflow"
    assert (password_of(url), password_of("postgresql:///old")) == ("s@cret", None)
    assert without_password("postgresql:///old?host=/run") == "postgresql:///old?host=/run"
    by_query = "postgresql:///old?user=owner&password=s%40cret&host=/run"
    assert without_password(by_query) == "postgresql:///old?user=owner&host=/run"
    assert password_of(by_query) == "s@cret"
    assert not any("s%40cret" in command for command in restore_commands("a b.dump", url))


def test_a_standing_reads_as_a_sentence() -> None:
    standing = Standing("x", "dns_validation", "paused", ("dns_validation paused",))
    assert str(standing) == "dns_validation paused as 'x' with dns_validation paused"
    assert str(Standing("x", "dns_validation", "pending", ())).endswith("with no runs")
