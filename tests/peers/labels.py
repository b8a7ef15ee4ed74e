"""The names that the campaign asks for, spelled out one by one, and which of them are host names."""

from loadtest.bench.spaces import Space

ORDINARY_TLDS = ("market", "bazaar", "trade", "store", "outlet", "boutique", "co.mart")
WILD_TLD = "wild"  # every child has the same addresses
WILD_ALIAS_TLD = "wildalias"  # every child is an alias of one name
UNLOADED_TLD = "unloaded"  # configured, but its file is missing: SERVFAIL
UNSERVED_TLD = "unserved"  # nobody's: REFUSED
TLDS = (*ORDINARY_TLDS, WILD_TLD, WILD_ALIAS_TLD, UNLOADED_TLD, UNSERVED_TLD)
SPACE = Space("abcdefghijk-", 4, "shop", TLDS)


def list_labels() -> list[str]:
    """The host labels of the pattern's space."""
    return [label for label in SPACE.spell_labels() if is_host_label(label)]


def is_host_label(label: str) -> bool:
    """No hyphen at an end (RFC 1123 2.1), and none third and fourth, where A-labels have theirs (RFC 5891 4.2.3.1)."""
    return not label.startswith("-") and not label.endswith("-") and label[2:4] != "--"


def parent_of(name: str) -> str:
    return name.partition(".")[2]
