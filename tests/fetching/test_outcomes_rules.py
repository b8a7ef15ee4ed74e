from service.fetching.outcomes import FAILED, NEGATIVE, RETRYABLE, SUCCEEDED, HttpOutcome


def test_codes_are_as_stored() -> None:
    assert {outcome.value: outcome.label for outcome in HttpOutcome} == {
        1: "reached",
        2: "parked",
        3: "not_found",
        4: "client_error",
        5: "server_error",
        6: "rate_limited",
        7: "redirect_loop",
        8: "blocked",
        9: "unresolvable",
        10: "connection_refused",
        11: "connection_reset",
        12: "timed_out",
        13: "tls_failed",
        14: "broken_response",
        15: "internal_error",
    }


def test_each_outcome_counts_once() -> None:
    assert len(SUCCEEDED) + len(NEGATIVE) + len(FAILED) == len(HttpOutcome)
    assert set(HttpOutcome) == SUCCEEDED | NEGATIVE | FAILED
    assert RETRYABLE == FAILED
