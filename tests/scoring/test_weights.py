"""Weights and thresholds: defaults, bounds at the edge, and shares."""

import math

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.errors import Invalid
from service.scoring.weights import PerComponent, Thresholds, Weights, share_weights

WEIGHTS = st.builds(Weights, *[st.floats(0.0, 1.0)] * len(Weights.__struct_fields__))


def test_the_defaults_are_shares_already() -> None:
    shares = share_weights(Weights()).values()
    assert shares == pytest.approx((0.35, 0.25, 0.10, 0.10, 0.10, 0.10, 0.0))


def test_missing_weights_take_their_defaults() -> None:
    assert msgspec.json.decode(b'{"tfLite": 0.5}', type=Weights) == Weights(tf_lite=0.5)
    assert msgspec.json.decode(b"{}", type=Thresholds) == Thresholds(0.27, 1024, 0.45)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (b'{"freshness": 1.01}', Weights),
        (b'{"freshness": -0.01}', Weights),
        (b'{"richness": 0.1}', Weights),
        (b'{"match": 0.04}', Thresholds),
        (b'{"match": 0.96}', Thresholds),
        (b'{"minContentBytes": -1}', Thresholds),
        (b'{"minContentBytes": 16777217}', Thresholds),
        (b'{"parkedFloor": 0}', Thresholds),
        (b'{"parkedFloor": 1.1}', Thresholds),
        (b'{"grace": 0.24}', Thresholds),
    ],
)
def test_what_is_out_of_bounds_or_unknown_does_not_decode(text: bytes, shape: type[Weights | Thresholds]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=shape)


@given(WEIGHTS.filter(lambda weights: any(msgspec.structs.astuple(weights))))
@example(Weights(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5e-324))
@example(Weights(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
def test_shares_add_up_to_1_in_the_proportions_of_the_weights(weights: Weights) -> None:
    shares = share_weights(weights).values()
    assert sum(shares) == pytest.approx(1.0)
    raw = msgspec.structs.astuple(weights)
    total = math.fsum(raw)
    assert [share * total for share in shares] == pytest.approx(list(raw), rel=1e-12, abs=1e-300)


def test_weights_that_are_all_zero_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        share_weights(Weights(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    assert (refused.value.code, refused.value.pointer) == ("weights_all_zero", "/weights")


def test_each_share_is_of_the_weight_of_its_name() -> None:
    for name in Weights.__struct_fields__:
        none = dict.fromkeys(Weights.__struct_fields__, 0.0)
        shares = share_weights(Weights(**none | {name: 0.5}))
        assert msgspec.structs.asdict(shares) == none | {name: 1.0}


def test_components_are_listed_in_the_order_of_their_fields() -> None:
    assert PerComponent.__struct_fields__ == Weights.__struct_fields__
    assert PerComponent(*Weights.__struct_fields__).values() == Weights.__struct_fields__
