"""Requests to show in the contract; a test sends each of them to a live server."""

from service.campaigns.model import (
    Advance,
    CommandReason,
    Configuration,
    ConfigurationUpdate,
    CreateCampaign,
    DnsValidation,
    DomainGeneration,
    HttpValidation,
    Keyword,
    Network,
    Pattern,
    Rerun,
    RerunScope,
    TransitionCampaign,
    UpdateCampaign,
)
from service.progress.events import CampaignPhase

SHOPS = DomainGeneration(
    pattern=Pattern.PREFIX,
    constant="shop",
    character_set="abcdefghijklmnopqrstuvwxyz",
    variable_length=4,
    tlds=("com", "net"),
    count=60,
)
FROM_A_PATTERN = CreateCampaign(
    name="shops",
    initial_phase=CampaignPhase.DOMAIN_GENERATION,
    configuration=Configuration(
        advance=Advance.AUTOMATIC,
        network=Network.SANDBOX,
        domain_generation=SHOPS,
        dns_validation=DnsValidation(timeout_seconds=0.4),
        http_validation=HttpValidation(timeout_seconds=1.5, keywords=(Keyword("pricing"), Keyword("checkout"))),
    ),
)
FROM_A_LIST = CreateCampaign(
    name="a list of our own",
    initial_phase=CampaignPhase.DNS_VALIDATION,
    configuration=Configuration(network=Network.SANDBOX),
)
RENAMED = UpdateCampaign(name="shops, again")
MORE_KEYWORDS = UpdateCampaign(
    configuration=ConfigurationUpdate(
        http_validation=HttpValidation(timeout_seconds=1.5, keywords=(Keyword("newsletter"),))
    )
)
START = TransitionCampaign(CampaignPhase.DOMAIN_GENERATION, transition_reason="The pattern is as it should be.")
AGAIN = TransitionCampaign(
    CampaignPhase.HTTP_VALIDATION, transition_reason="There is a new keyword.", rerun=Rerun(RerunScope.ALL)
)
WHY = CommandReason("The resolvers need a rest.")
