"""The API: whether it answers, is ready, and knows the key that commands would give."""

import asyncio

from service.cli.client import Client, open_client
from service.cli.diagnosis.findings import Finding, broken, doubtful, fine
from service.cli.places import Place, read_key
from service.errors import Refused, Unauthenticated, Unavailable
from service.settings import Settings

ANSWER_SECONDS_MAX = 8.0


async def look_at_api(settings: Settings, url: str | None, key: str | None) -> list[Finding]:
    """One that does not answer is worth a remark only: a machine may have workers and nothing else."""
    place = Place(url or settings.client_url, key or settings.key or read_key(settings.key_file))
    async with open_client(place) as client:
        ready = await look_at_readiness(client)
        return [ready] if ready.advice else [ready, await look_at_key(client)]


async def look_at_readiness(client: Client) -> Finding:
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await client.check_readiness()
    except (TimeoutError, Unavailable):
        advice = "Start it with `phaseline serve` or `run`, or name it with PHASELINE_URL."
        return doubtful("api", f"No API that is ready answers at {client.place.url}.", advice)
    except Refused as refusal:
        return broken("api", f"What answers at {client.place.url} is no Phaseline: {refusal.message}", "Check the URL.")
    return fine("api", f"{client.place.url} answers and is ready.")


async def look_at_key(client: Client) -> Finding:
    advice = "Make one with `phaseline keys make --name me`, and set PHASELINE_KEY."
    if not client.place.key:
        return doubtful("key", "There is no key for the commands of this machine.", advice)
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await client.list_campaigns(limit=1)
    except Unauthenticated as refusal:
        return doubtful("key", refusal.message, advice)
    except (TimeoutError, Refused):
        return doubtful("key", "It was not answered whether the key is known.", "Look at the API's log.")
    return fine("key", "The API knows the key.")
