import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commanding import (
    SAMPLE_SIZE,
    Asked,
    Finished,
    Server,
    copy_of,
    finish_command,
    read_url,
    started_command,
    use_environment,
)

CAMPAIGNS_MAX = 200  # on a page, and by far more than all tests make


@pytest.fixture(scope="package")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    """A home where `phaseline run --exit-after-sample` has been, and what it said. Nothing runs there any more."""
    home = tmp_path_factory.mktemp("sampled") / "home"
    arguments = ("--port", "0", "--workers", "1", "--sample-size", str(SAMPLE_SIZE), "--exit-after-sample")
    return home, finish_command(home, "run", *arguments)


@pytest.fixture(scope="package")
def server(sampled: tuple[Path, Finished], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = copy_of(sampled[0], tmp_path_factory.mktemp("server"))
    with started_command(home, "run", "--port", "0", "--workers", "1", "--no-sample") as process:
        url = read_url(process)
        yield Server(home, url, (home / "key").read_text().strip(), int(url.rsplit(":", 1)[1]))


@pytest.fixture
def here(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """This process in the environment of somebody at that server's machine."""
    use_environment(monkeypatch, {"PHASELINE_HOME": str(server.home), "PHASELINE_URL": server.url})
    return server


@pytest.fixture
def ask(here: Server, capsys: pytest.CaptureFixture[str]) -> Asked:
    return Asked(capsys)


@pytest.fixture
def sample(ask: Asked) -> str:
    """The id of the campaign that went through all phases; other tests' campaigns may be younger, or many."""
    listed = json.loads(ask("campaign", "list", "--limit", str(CAMPAIGNS_MAX), "--json").out)
    return next(str(each["id"]) for each in listed["items"] if each["name"] == "sample")
