"""The sample campaign: what a new installation shows of itself, on the sandbox."""

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
from service.progress.events import CampaignPhase

SAMPLE_COUNT = 20_000
SAMPLE_COUNT_MAX = 1_000_000
SAMPLE_NAME = "sample"
TLDS = ("com", "net", "org", "wild")  # under `wild` every name seems to exist: the wildcard has to be found out
KEYWORDS = ("pricing", "checkout", "newsletter", "careers", "contact us")


def sample_campaign(count: int) -> CreateCampaign:
    """`count` names such as abcdshop.com, through all phases by themselves."""
    return CreateCampaign(
        SAMPLE_NAME,
        CampaignPhase.DOMAIN_GENERATION,
        Configuration(
            advance=Advance.AUTOMATIC,
            network=Network.SANDBOX,
            domain_generation=DomainGeneration(
                pattern=Pattern.PREFIX,
                constant="shop",
                character_set="abcdefghijklmnopqrstuvwxyz",
                variable_length=4,
                tlds=TLDS,
                count=count,
            ),
            # The sandbox is near: what has not answered soon never will, and nobody wants to wait for it.
            dns_validation=DnsValidation(timeout_seconds=0.3),
            http_validation=HttpValidation(
                keywords=tuple(Keyword(text) for text in KEYWORDS),
                timeout_seconds=5.0,  # ample for a busy machine: only what never comes may time out
                connect_timeout_seconds=2.0,
                concurrency=256,
            ),
        ),
    )
