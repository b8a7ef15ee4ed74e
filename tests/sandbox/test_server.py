"""A whole sandbox: its settings, its ports and its sameness."""

import asyncio
import socket
import sys

import msgspec
import pytest

from service.errors import Invalid, Unavailable
from service.sandbox.server import SandboxSettings, check_settings, running_sandbox

FREE_PORTS = SandboxSettings(dns_port=0, http_port=0, https_port=0)
NAMES = [f"name{number}.com" for number in range(200)]


def question(number: int, name: str) -> bytes:
    label, tld = (part.encode() for part in name.split("."))
    return (
        number.to_bytes(2, "big")
        + bytes.fromhex("01000001000000000000")
        + b"%c%b%c%b\0\0\1\0\1"
        % (
            len(label),
            label,
            len(tld),
            tld,
        )
    )


async def replies_of(settings: SandboxSettings) -> dict[int, bytes]:
    """What one sandbox replies to NAMES over TCP, until the last of them is answered."""
    async with running_sandbox(settings) as sandbox:
        reader, writer = await asyncio.open_connection(settings.dns_addresses[1], sandbox.settings.dns_port)
        replies: dict[int, bytes] = {}
        for number, name in enumerate([*NAMES, "name1.com"]):
            packet = question(number, name)
            writer.write(len(packet).to_bytes(2, "big") + packet)
        while len(NAMES) not in replies:
            reply = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            replies[int.from_bytes(reply[:2], "big")] = reply
        writer.close()
        await writer.wait_closed()
    return replies


async def test_the_same_seed_is_the_same_internet() -> None:
    first = await replies_of(FREE_PORTS)
    second = await replies_of(FREE_PORTS)
    other = await replies_of(msgspec.structs.replace(FREE_PORTS, seed=2))
    assert len(first) > len(NAMES) // 2
    assert first == second != other


async def test_all_addresses_share_a_port() -> None:
    async with running_sandbox(FREE_PORTS) as sandbox:
        settings = sandbox.settings
        ports = {settings.dns_port, settings.http_port, settings.https_port}
        assert 0 not in ports
        for address in settings.web_addresses:
            for port in (settings.http_port, settings.https_port):
                _, writer = await asyncio.open_connection(address, port)
                writer.close()
        assert msgspec.structs.replace(settings, dns_port=0, http_port=0, https_port=0) == FREE_PORTS


@pytest.mark.parametrize("which", ["dns_port", "http_port", "https_port"])
async def test_a_port_in_use_is_told_in_one_sentence(which: str) -> None:
    async with running_sandbox(FREE_PORTS) as first:
        taken = getattr(first.settings, which)
        with pytest.raises(Unavailable, match=rf"^The sandbox's \w+ port {taken} is in use by another program\.$"):
            async with running_sandbox(msgspec.structs.replace(FREE_PORTS, **{which: taken})):
                pass


async def test_a_port_taken_on_one_address_only_is_in_use() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((FREE_PORTS.dns_addresses[1], 0))
        port = other.getsockname()[1]
        with pytest.raises(Unavailable):
            async with running_sandbox(msgspec.structs.replace(FREE_PORTS, dns_port=port)):
                pass


async def test_its_ports_are_free_again_afterwards() -> None:
    async with running_sandbox(FREE_PORTS) as first:
        settings = first.settings
        _, writer = await asyncio.open_connection(settings.web_addresses[0], settings.http_port)
    async with running_sandbox(settings) as second:
        assert second.settings == settings
        assert second.ca_pem != first.ca_pem
    writer.close()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (SandboxSettings(seed=-1), "seed_out_of_range"),
        (SandboxSettings(seed=sys.maxsize * 4), "seed_out_of_range"),
        (SandboxSettings(dns_addresses=()), "too_few_addresses"),
        (SandboxSettings(web_addresses=("127.77.1.1",)), "too_few_addresses"),
        (SandboxSettings(dns_addresses=("0.0.0.0",)), "address_out_of_range"),
        (SandboxSettings(web_addresses=("127.77.1.1", "localhost")), "address_out_of_range"),
        (SandboxSettings(https_port=65_536), "port_out_of_range"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: SandboxSettings, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_settings(settings)
    assert refused.value.code == code
