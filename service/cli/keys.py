"""`phaseline keys ...`: who may ask this installation. These commands need its database, not a key."""

from typing import Annotated
from uuid import UUID

import msgspec
from cyclopts import App, Parameter

from service import assembly
from service.access.commands import DEFAULT_TENANT
from service.access.model import Key
from service.cli import screens
from service.cli.installation import checked_database, installed
from service.cli.places import Json
from service.cli.references import the_only
from service.cli.terminal import show, write_json
from service.errors import Invalid

NAME_LENGTH_MAX = 200

keys = App(name="keys")

Tenant = Annotated[str, Parameter(help="Whose key; a tenant is made with its first key.")]


class KeyMade(msgspec.Struct, frozen=True, rename="camel"):
    """What `keys make --json` prints; the secret is shown this once."""

    id: UUID
    tenant: str
    name: str
    secret: str


@keys.command(sort_key=1)
async def make(
    *,
    name: Annotated[str, Parameter(help="What it is for; audits name it.")],
    tenant: Tenant = DEFAULT_TENANT,
    json: Json = False,
) -> None:
    """Make a key, and show it once.

    For example:

        phaseline keys make --name laptop

        export PHASELINE_KEY=$(phaseline keys make --name nightly --json | jq -r .secret)
    """
    check_name(name)
    check_name(tenant)
    async with checked_database(installed()) as url:
        made = await assembly.make_key(url, tenant=tenant, name=name)
    if json:
        write_json(KeyMade(made.key_id, tenant, made.name, made.secret))
    else:
        show(made.secret, f"This is the key {made.name} of {tenant}. It is shown this once and kept nowhere.")


@keys.command(name="list", sort_key=2)
async def list_(*, tenant: Tenant = DEFAULT_TENANT, json: Json = False) -> None:
    """List a tenant's keys, newest first; their secrets are not known any more.

    For example:

        phaseline keys list --tenant default
    """
    async with checked_database(installed()) as url:
        found = await assembly.list_keys(url, tenant=tenant)
    if json:
        write_json(found)
    else:
        show(screens.keys_table(found))


@keys.command(sort_key=3)
async def revoke(
    reference: Annotated[str, Parameter(help="The key's id, or the beginning of it.")],
    *,
    tenant: Tenant = DEFAULT_TENANT,
) -> None:
    """Take a key back: nobody can ask with it any more. Revoking twice changes nothing.

    For example:

        phaseline keys revoke 0199f3a2-1b2c
    """
    async with checked_database(installed()) as url:
        key_id = find_key_id(await assembly.list_keys(url, tenant=tenant), reference)
        await assembly.revoke_key(url, tenant=tenant, key_id=key_id)
    show(f"Revoked {key_id}.")


def find_key_id(found: tuple[Key, ...], reference: str) -> UUID:
    return the_only("key", [key.id for key in found if str(key.id).startswith(reference.lower())], reference)


def check_name(name: str) -> None:
    if not name.strip() or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise Invalid("name_invalid", f"A name has 1 to {NAME_LENGTH_MAX} printable characters; {name!r} has not.")
