"""What a page says, as one writes it in plain Python: title, keywords in the visible text, and a hash of the body."""

import hashlib
import html
import re

from loadtest.bench.workload import KEYWORDS, KEYWORDS_ON_PAGE, TITLE_READ

HIDDEN = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.DOTALL | re.IGNORECASE)
TAG = re.compile(r"<[^>]+>")
SOUGHT = re.compile("|".join(re.escape(keyword) for keyword in KEYWORDS))


def is_read_rightly(body: bytes) -> bool:
    """Read a page, and tell whether it says what ours says."""
    markup = HIDDEN.sub(" ", body.decode(errors="replace"))
    title = TITLE.search(markup)
    text = " ".join(html.unescape(TAG.sub(" ", markup)).split())
    keywords = set(SOUGHT.findall(text.lower()))
    digest = hashlib.blake2b(body, digest_size=8).digest()
    is_titled = title is not None and html.unescape(title[1]).strip() == TITLE_READ
    return is_titled and len(keywords) == KEYWORDS_ON_PAGE and len(digest) == 8
