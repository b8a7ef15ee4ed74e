"""Questions to packets, and packets to answers."""

from collections.abc import Sequence

from pytest_benchmark.fixture import BenchmarkFixture

from service.resolving.packets import RecordType, encode_query, encode_question, parse_answer

NAMES = tuple(f"name{number:06}bench.market" for number in range(1_000))
HEADER = bytes((0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0))
ADDRESS_RECORD = bytes((0xC0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 127, 77, 0, 80))


def encode_all(names: Sequence[str]) -> int:
    size = 0
    for name in names:
        question = encode_question(name, RecordType.A)
        assert question is not None
        size += len(encode_query(7, question))
    return size


def parse_all(packets: Sequence[tuple[bytes, bytes]]) -> int:
    return sum(parse_answer(packet, question) is not None for packet, question in packets)


def test_encode_queries(benchmark: BenchmarkFixture) -> None:
    assert benchmark(encode_all, NAMES) > len(NAMES) * len(NAMES[0])


def test_parse_answers(benchmark: BenchmarkFixture) -> None:
    questions = [question for name in NAMES if (question := encode_question(name, RecordType.A)) is not None]
    packets = [(HEADER + question + ADDRESS_RECORD, question) for question in questions]
    assert benchmark(parse_all, packets) == len(NAMES)
