"""Schemathesis as a process of its own, against a service that is running."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.contracts.conformance.kept import VARIABLE, Kept, as_text
from tests.contracts.tenants import World, new_things, succeeded

SETTINGS = Path(__file__).with_name("schemathesis.toml")
REPOSITORY = Path(__file__).parents[3]
DOCUMENT = REPOSITORY / "openapi" / "openapi.json"
SEED = 1


class Verdict(msgspec.Struct, frozen=True):
    """Whether everything held, and what was printed: each fault with its operation, check and request as curl."""

    holds: bool
    output: str


async def hold(world: World, *, document: Path = DOCUMENT, seed: int = SEED, options: Sequence[str] = ()) -> Verdict:
    """Hold the service, as its owner asks it, against a document; `options` are those of `schemathesis run`."""
    with tempfile.NamedTemporaryFile(suffix=".json") as callers:
        callers.write(callers_of(world))
        callers.flush()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "--no-color"),
            *("run", str(document), "--seed", str(seed), *options),
            cwd=REPOSITORY,
            env={**os.environ, **await variables(world, callers.name)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return Verdict(process.returncode == 0, output.decode())


def callers_of(world: World) -> bytes:
    """Who may call, in the form of Web Fuzzing Commons: neither must see what is the other's."""
    callers = {"owner": world.owner, "stranger": world.stranger}
    return msgspec.json.encode(
        {
            "auth": [
                {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {tenant.key.secret}"}]}
                for name, tenant in callers.items()
            ]
        }
    )


async def variables(world: World, callers: str) -> dict[str, str]:
    return {
        "PHASELINE_URL": world.base_url,
        "PHASELINE_CALLERS": callers,
        VARIABLE: as_text(await keep_things(world)),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONHASHSEED": "0",
        "NO_PROXY": "127.0.0.1",
    }


async def keep_things(world: World) -> Kept:
    """Campaigns that run, were cancelled, wait for lists, and have results; and the key that asks."""
    things = await new_things(world.owner)
    listed = {"campaignId": things.campaigns["listed"]}
    running = {"campaignId": things.campaigns["generating"]}
    planted = {"campaignId": things.campaigns["planted"]}
    cancelled = {"campaignId": (await new_things(world.owner)).campaigns["generating"]}
    await succeeded(world.owner, "POST", f"/campaigns/{cancelled['campaignId']}/cancel")
    return {
        "import_domains": listed,
        "stream_rejects": {**listed, "importId": things.import_id},
        **dict.fromkeys(["transition_campaign", "pause_campaign", "resume_campaign"], running),
        "retry_campaign": cancelled,
        **dict.fromkeys(["list_domains", "list_leads", "get_funnel", "export_domains"], planted),
        "the one who asks": {"keyId": str(world.owner.key.key_id)},
    }
