"""What each feature of a page costs, in microseconds a page: medians over the rounds, all on our own page."""

import statistics
import time
from collections.abc import Callable, Mapping

from loadtest.bench.running import Cost
from loadtest.bench.workload import KEYWORDS, make_page
from service.fetching import pages
from service.fetching.keywords import KeywordRule, compile_keywords
from service.fetching.likeness import near_hash

PAGES_PER_ROUND = 500
CONTENT_TYPE = "text/html; charset=utf-8"


def page_costs(rounds: int) -> tuple[Cost, ...]:
    features = page_features()
    taken: dict[str, list[float]] = {name: [] for name in features}
    for _ in range(rounds):
        for name, work in features.items():
            taken[name].append(microseconds(work))
    return tuple(Cost(f"page: {name}", statistics.median(values), "µs a page") for name, values in taken.items())


def page_features() -> Mapping[str, Callable[[], object]]:
    body = make_page()
    matcher = compile_keywords(tuple(KeywordRule(text) for text in KEYWORDS))
    markup = pages.decode_body(CONTENT_TYPE, body)
    title, text = pages.find_title(markup), pages.visible_text(markup)
    return {
        "title": lambda: pages.find_title(markup),
        "hash": lambda: pages.content_hash(body),
        "visible text": lambda: pages.visible_text(markup),
        "keywords": lambda: matcher.scan(text),
        "near hash": lambda: near_hash(text),
        "parked": lambda: pages.parked_confidence(title, markup),
        "all": lambda: pages.read_page(CONTENT_TYPE, body, matcher),
    }


def microseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    for _ in range(PAGES_PER_ROUND):
        work()
    return (time.perf_counter() - begun) / PAGES_PER_ROUND * 1e6
