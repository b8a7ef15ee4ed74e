"""What `campaign create` was asked for, as a request: from flags, or from a file."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from cyclopts import Parameter

from service.campaigns.model import (
    Advance,
    Configuration,
    CreateCampaign,
    DnsValidation,
    DomainGeneration,
    HttpValidation,
    Keyword,
    Network,
    Pattern,
)
from service.cli.places import STANDARD_STREAM, Switch
from service.errors import Invalid
from service.progress.events import CampaignPhase

LETTERS = "a-z"
RANGE = re.compile("([a-z])-([a-z])|([0-9])-([0-9])", re.IGNORECASE)
REQUEST_BYTES_MAX = 1_000_000  # as much as the server takes
SANDBOX_DNS_TIMEOUT_SECONDS = 0.5  # everything in the sandbox is near, and some of it never answers
SANDBOX_HTTP_TIMEOUT_SECONDS = 3.0


Text = Annotated[str, Parameter(show_default=False)]
Several = Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)]

T = TypeVar("T")


# Dataclasses, because that is what the command line's parser can fill in.
@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Shape:
    """A pattern in the words of flags; bounds are the server's to check."""

    pattern: Annotated[Pattern, Parameter(help="Where the varying characters stand.")] = Pattern.PREFIX
    constant: Annotated[Text, Parameter(help="The fixed part of every name; otherwise none.")] = ""
    characters: Annotated[Text, Parameter(help="What varies, such as a-z0-9; a hyphen itself comes last.")] = LETTERS
    length: Annotated[int, Parameter(help="How many characters vary.")] = 3
    second_length: Annotated[int | None, Parameter(help="With pattern both: how many at the end.")] = None
    tld: Annotated[Several, Parameter(help="A top-level domain; repeat for more; otherwise com.")] = ("com",)
    count: Annotated[int, Parameter(help="How many names, over all TLDs together.")] = 1_000


NO_SHAPE = Shape()


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Draft:
    """A campaign in the words of flags."""

    name: Annotated[str | None, Parameter(help="What the campaign is called.")] = None
    initial_phase: Annotated[
        CampaignPhase, Parameter(help="What it begins with; all but domain_generation begin with a list to import.")
    ] = CampaignPhase.DOMAIN_GENERATION
    shape: Shape = NO_SHAPE
    keyword: Annotated[Several, Parameter(help="Words to look for in pages; repeat for more.")] = ()
    resolver: Annotated[Several, Parameter(help="Whom to ask, 192.0.2.1 or 192.0.2.1:53; repeat for more.")] = ()
    sandbox: Annotated[Switch, Parameter(help="Stay in the sandbox on this machine, with short timeouts.")] = False
    automatic: Annotated[Switch, Parameter(help="Each completed phase starts the next one.")] = False


NO_DRAFT = Draft()


def request_of(draft: Draft, file: Path | None) -> CreateCampaign:
    """The request that flags or a file describe; Invalid where both do, or neither."""
    if file is not None:
        if draft != NO_DRAFT:
            raise Invalid("two_configurations", "Give --file or the other flags, not both: the file says it all.")
        return read_request(file, CreateCampaign, "a campaign")
    if draft.name is None:
        raise Invalid("name_missing", "Give the campaign a --name, or a whole request with --file.")
    if draft.initial_phase is not CampaignPhase.DOMAIN_GENERATION and draft.shape != NO_SHAPE:
        raise Invalid(
            "pattern_unsuitable",
            f"A campaign that begins with {draft.initial_phase} takes its names from a list: leave the pattern out.",
        )
    return CreateCampaign(draft.name, draft.initial_phase, configuration_of(draft))


def check_start(initial_phase: CampaignPhase, *, is_started: bool) -> None:
    """Refuse to make what cannot be started, where both are asked for."""
    if is_started and initial_phase is not CampaignPhase.DOMAIN_GENERATION:
        raise Invalid(
            "list_missing", f"{initial_phase} starts when a list has been imported; make the campaign without --start."
        )


def configuration_of(draft: Draft) -> Configuration:
    dns, http = phases_of(draft)
    generates = draft.initial_phase is CampaignPhase.DOMAIN_GENERATION
    return Configuration(
        advance=Advance.AUTOMATIC if draft.automatic else Advance.MANUAL,
        network=Network.SANDBOX if draft.sandbox else Network.INTERNET,
        domain_generation=generation_of(draft.shape) if generates else None,
        dns_validation=dns,
        http_validation=http,
    )


def generation_of(shape: Shape) -> DomainGeneration:
    return DomainGeneration(
        pattern=shape.pattern,
        constant=shape.constant,
        character_set=spelled_out(shape.characters),
        variable_length=shape.length,
        second_variable_length=shape.second_length,
        tlds=shape.tld,
        count=shape.count,
    )


def spelled_out(characters: str) -> str:
    """Ranges as their characters, since the API takes no ranges. A hyphen that is between no two of a kind is one."""

    def characters_between(found: re.Match[str]) -> str:
        first, last = (ord(end.lower()) for end in found.groups() if end is not None)
        if first > last:
            raise Invalid("characters_invalid", f"{found[0]} is no range: it ends before it begins.")
        return "".join(map(chr, range(first, last + 1)))

    return RANGE.sub(characters_between, characters)


def phases_of(draft: Draft) -> tuple[DnsValidation, HttpValidation]:
    keywords = tuple(Keyword(text) for text in draft.keyword)
    if draft.sandbox:
        return (
            DnsValidation(resolvers=draft.resolver, timeout_seconds=SANDBOX_DNS_TIMEOUT_SECONDS),
            HttpValidation(keywords=keywords, timeout_seconds=SANDBOX_HTTP_TIMEOUT_SECONDS),
        )
    return DnsValidation(resolvers=draft.resolver), HttpValidation(keywords=keywords)


def read_request(file: Path, kind: type[T], called: str) -> T:
    """A request's body, as JSON; Invalid names what is wrong with it."""
    told = "Standard input" if file == STANDARD_STREAM else file
    try:
        data = read_bytes(file)
    except OSError as error:
        raise Invalid("file_unreadable", f"Cannot read {file}: {error.strerror}.") from None
    if len(data) > REQUEST_BYTES_MAX:
        raise Invalid("file_too_large", f"{told} is larger than {REQUEST_BYTES_MAX:,} bytes.")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid("file_invalid", f"{told} is not {called}: {error}.") from None


def read_bytes(file: Path) -> bytes:
    """One byte more than is allowed, at most."""
    if file == STANDARD_STREAM:
        return sys.stdin.buffer.read(REQUEST_BYTES_MAX + 1)
    with file.open("rb") as opened:
        return opened.read(REQUEST_BYTES_MAX + 1)
