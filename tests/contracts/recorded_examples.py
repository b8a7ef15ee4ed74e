"""service/web/contract/examples.json is what a live server answers: written with --write, compared without.

A walk through everything that can be asked: one campaign from a pattern, through all its phases, and some with lists.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from uuid import UUID

import msgspec

import service.web.contract
from service import assembly
from service.access.model import NewKey, Principal
from service.postgres.database import Database, open_database
from service.postgres.embedded import embedded_postgres
from service.progress.events import CampaignPhase, PhaseStatus
from tests.conftest import key_of, principal_of
from tests.contracts.recording import PAGE, Recorder
from tests.progress.test_socket import receive, send, watching
from tests.world import Caller, running_api, running_sandbox, running_worker, until

FILE = Path(service.web.contract.__file__).with_name("examples.json")
TOO_LARGE = b'"' + b"x" * 1_000_001 + b'"'
LISTS = ("text/plain", "text/csv", "application/x-ndjson")


async def record_everything(database: Database, key: NewKey, principal: Principal) -> Recorder:
    async with running_sandbox() as (_, settings), running_api(database.url) as base_url:
        recorder = Recorder(base_url, key.secret, assembly.contract().openapi)
        campaign_id = await record_beginning(recorder)
        async with running_worker(database, settings):
            await until(database, principal, UUID(campaign_id), CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
            await recorder.ask("list_workers")
        await record_messages(recorder, base_url, key, campaign_id)
        await record_results(recorder, campaign_id)
        await record_second_run(recorder, campaign_id)
        await record_lists(recorder)
        await record_access(recorder)
        await record_problems(recorder, base_url)
        await recorder.ask("delete_campaign", campaignId=campaign_id)
    return recorder


async def record_beginning(recorder: Recorder) -> str:
    """Until a campaign runs, with nobody to work on it yet."""
    for probe in ("get_liveness", "get_readiness"):
        await recorder.ask(probe)
    await recorder.ask("preview_pattern", "shop_and_four_letters")
    await recorder.ask("estimate_campaign", "shops")
    campaign_id: str = (await recorder.ask("create_campaign", "from_a_pattern"))["id"]
    await recorder.ask("list_campaigns")
    await recorder.ask("get_campaign", campaignId=campaign_id)
    await recorder.ask("estimate_phase", campaignId=campaign_id, phase="dns_validation")
    await recorder.ask("update_campaign", "more_keywords", campaignId=campaign_id)
    await recorder.ask("update_campaign", "rename", campaignId=campaign_id)
    await recorder.ask("transition_campaign", "start", campaignId=campaign_id)
    await recorder.ask("explain_campaign", campaignId=campaign_id)
    await recorder.ask("pause_campaign", "with_a_reason", campaignId=campaign_id)
    await recorder.ask("resume_campaign", "with_a_reason", campaignId=campaign_id)
    return campaign_id


async def record_messages(recorder: Recorder, base_url: str, key: NewKey, campaign_id: str) -> None:
    async with watching(base_url, key) as socket:
        await send(socket, {"subscribe": ["campaign.progress"], "campaignIds": [campaign_id]})
        recorder.keep_message("CampaignProgress", await receive(socket))
        await socket.send("[]")
        recorder.keep_message("Refusal", await receive(socket))


async def record_results(recorder: Recorder, campaign_id: str) -> None:
    for name in ("get_phases", "get_funnel", "list_transitions"):
        await recorder.ask(name, campaignId=campaign_id)
    for name in ("list_domains", "list_leads"):
        await recorder.ask(name, query=PAGE, campaignId=campaign_id)
    for kind in ("csv", "ndjson"):
        await recorder.ask("export_domains", query=f"format={kind}&prefix=aaac", campaignId=campaign_id)


async def record_second_run(recorder: Recorder, campaign_id: str) -> None:
    await recorder.ask("transition_campaign", "run_again", campaignId=campaign_id)
    await recorder.ask("cancel_campaign", "with_a_reason", campaignId=campaign_id)
    await recorder.ask("retry_campaign", "with_a_reason", campaignId=campaign_id)


async def record_lists(recorder: Recorder) -> None:
    """The text is the first, and the one that is kept."""
    for kind in LISTS:
        campaign_id: str = (await recorder.ask("create_campaign", "from_a_list"))["id"]
        await recorder.send_list(kind, campaignId=campaign_id)
        imports = (await recorder.ask("list_imports", campaignId=campaign_id))["items"]
        await recorder.ask("stream_rejects", campaignId=campaign_id, importId=imports[0]["importId"])


async def record_access(recorder: Recorder) -> None:
    made = await recorder.ask("make_key", "for_reading")
    for name in ("list_keys", "open_session", "close_session", "list_acts", "get_settings"):
        await recorder.ask(name)
    await recorder.ask("revoke_key", keyId=made["id"])


async def record_problems(recorder: Recorder, base_url: str) -> None:
    """Those that a caller causes; the others are not shown."""
    campaign_id: str = (await recorder.ask("create_campaign", "from_a_list"))["id"]
    reader = Caller(base_url, (await recorder.ask("make_key", "for_reading"))["secret"])
    place = f"/campaigns/{campaign_id}"
    recorder.keep_problem(401, await Caller(base_url, None).call("GET", "/campaigns"))
    recorder.keep_problem(403, await reader.call("POST", f"{place}/cancel"))
    await recorder.provoke(400, "POST", "/campaigns", content=b"{")
    await recorder.provoke(404, "GET", "/campaigns/01a20a38-1028-75e6-9ad2-0d5b1cddaef2")
    await recorder.provoke(409, "PUT", f"{place}/transition", json={"targetPhase": "analysis"})
    await recorder.provoke(412, "POST", f"{place}/cancel", headers={"If-Match": '"7"'})
    await recorder.provoke(413, "POST", "/campaigns", content=TOO_LARGE)
    await recorder.provoke(415, "POST", f"{place}/domains/import", json=[])
    await recorder.provoke(422, "POST", "/campaigns", json={"name": "", "initialPhase": "dns_validation"})


def encoded(recorder: Recorder) -> bytes:
    return msgspec.json.format(msgspec.json.encode(recorder.examples), indent=2) + b"\n"


async def record_in_a_new_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_postgres(Path(folder), durable=False) as server:
            await assembly.migrate(server.dsn)
            async with open_database(server.dsn, connections_max=8) as database:
                key = await key_of(database, "default")
                return encoded(await record_everything(database, key, await principal_of(database, key)))


def main() -> int:
    recorded = asyncio.run(record_in_a_new_database())
    if "--write" in sys.argv[1:]:
        FILE.write_bytes(recorded)
        return 0
    if FILE.read_bytes() != recorded:
        print(f"{FILE.name} is not what a live server answers; run `make examples`.", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
