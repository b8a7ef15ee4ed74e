"""The pages that virtual hosts show, what is to be found on them, and what that is worth, by simple arithmetic."""

import random

import msgspec

BODY_BYTES_READ_MAX = 512 * 1024  # what the campaign reads of a page
KEYWORDS_FOR_FULL_COVERAGE = 5
HITS_PER_KIBIBYTE_FOR_FULL_DENSITY = 3
BYTES_FOR_FULL_CONTENT = 50_000
PARKED_POINTS_TOTAL = 13
PARKED_TITLE_POINTS = 3
BUY_THIS_DOMAIN_POINTS = 4
PARKED_FROM = 0.30
PARKED_PENALTY = 0.5


class Sought(msgspec.Struct, frozen=True):
    """A keyword of the campaign, and how our pages write it: as a reader sees it, not as the markup spells it."""

    text: str
    markup: str
    kind: str = "literal"
    case_sensitive: bool = False


SOUGHT = (
    Sought("free shipping", "FREE&#32;Shipping"),
    Sought("gift card", "gift <em>card</em>"),
    Sought("wholesale", "Whole<b>sale</b>"),
    Sought("size guide", "size\n      guide"),
    Sought("B2B", "B2B", case_sensitive=True),
    Sought("café", "CAFÉ"),
    Sought(r"\bsince (?:19|20)\d\d\b", "since 1987", kind="regex"),
)
NEARLY_SOUGHT = (
    "free shopping, gift of cards, b2b, since 1787",
    "<script>var hidden = 'gift card, wholesale, size guide';</script>",
    "<!-- free shipping, B2B, since 2001 -->",
    '<img alt="wholesale" src="/cafe.png">',
)
FILLER = (
    "linen",
    "cotton",
    "wool",
    "velvet",
    "tweed",
    "canvas",
    "leather",
    "walnut",
    "copper",
    "slate",
    "indigo",
    "olive",
)


class Page(msgspec.Struct, frozen=True):
    """What a page holds. `mentions`: how often each keyword stands in its text; `body_bytes`: its size, at least.

    `unseen_mentions`: how many keywords stand at its very end that the campaign must not find, because they lie behind
    what it reads of a page, or because the page is said to be no text.
    """

    body_bytes: int
    keywords: int = 0
    mentions: int = 0
    title: str = "A little something"
    title_keywords: int = 0
    unseen_mentions: int = 0
    is_title_parked: bool = False
    is_for_sale: bool = False
    has_near_misses: bool = False
    encoding: str = "utf-8"

    @property
    def parked_confidence(self) -> float:
        points = PARKED_TITLE_POINTS * self.is_title_parked + BUY_THIS_DOMAIN_POINTS * self.is_for_sale
        return points / PARKED_POINTS_TOTAL


def render_page(page: Page, dice: random.Random) -> bytes:
    """A page of its own for each throw of the dice; an empty page has no byte at all."""
    if page.body_bytes == 0:
        return b""
    mentions = [sought.markup for sought in SOUGHT[: page.keywords] for _ in range(page.mentions)]
    parts = [*mentions, *(NEARLY_SOUGHT if page.has_near_misses else ()), *("Buy this domain",) * page.is_for_sale]
    dice.shuffle(parts)
    title = "This shop is parked" if page.is_title_parked else page.title
    title += "".join(f", {sought.text}" for sought in SOUGHT[: page.title_keywords])
    text = f"<!doctype html>\n<html>\n<head><title>{title}</title></head>\n<body>\n"
    text += "".join(f"<p>{words(dice)} {part} {words(dice)}</p>\n" for part in parts)
    while len(text) < page.body_bytes:
        text += f"<p>{' '.join(words(dice) for _ in range(20))}</p>\n"
    text += "".join(f"<p>{sought.markup}</p>\n" for sought in SOUGHT[: page.unseen_mentions])
    return f"{text}</body>\n</html>\n".encode(page.encoding)


def words(dice: random.Random) -> str:
    return " ".join(dice.choices(FILLER, k=6))


def score_page(page: Page, body_bytes: int) -> int:
    """Thousandths. The default weights: density 0.35, coverage 0.25, and 0.10 each for not parked, size, title, age."""
    read_bytes = min(body_bytes, BODY_BYTES_READ_MAX)
    hits = page.keywords * page.mentions + page.title_keywords
    density = hits * 1024 / read_bytes / HITS_PER_KIBIBYTE_FOR_FULL_DENSITY if read_bytes else 0.0
    is_parked = page.parked_confidence >= PARKED_FROM
    score = (
        0.35 * min(1.0, density)
        + 0.25 * min(1.0, page.keywords / KEYWORDS_FOR_FULL_COVERAGE)
        + 0.10 * (not is_parked)
        + 0.10 * min(1.0, read_bytes / BYTES_FOR_FULL_CONTENT)
        + 0.10 * (page.title_keywords > 0)
        + 0.10  # fetched today
    )
    return round(1000 * score * (PARKED_PENALTY if is_parked else 1.0))
