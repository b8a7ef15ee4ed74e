"""A file is there when it is whole."""

import os
from pathlib import Path

import pytest

from service.cli.files import check_new_file, new_file
from service.cli.meters import bytes_text, export_line, import_line
from service.cli.refusals import Interrupted
from service.errors import Conflict, Invalid


def test_it_is_there_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    with new_file(file, overwrite=False) as opened:
        opened.write(b"all")
        assert not file.exists()
    assert file.read_bytes() == b"all"
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("precious")
    with pytest.raises(Conflict, match="--overwrite"):
        check_new_file(file, overwrite=False)
    with new_file(file, overwrite=True) as opened:
        opened.write(b"new")
    assert file.read_bytes() == b"new"


def test_what_broke_off_is_kept_and_not_silently_used(tmp_path: Path) -> None:
    file, part = tmp_path / "x.csv", tmp_path / "x.csv.part"
    with pytest.raises(Interrupted), new_file(file, overwrite=False) as opened:
        opened.write(b"some")
        raise Interrupted("transfer_cut", "It broke off.")
    assert (file.exists(), part.read_bytes()) == (False, b"some")
    with pytest.raises(Conflict, match="earlier call that was interrupted"):
        check_new_file(file, overwrite=False)
    with new_file(file, overwrite=True) as opened:
        opened.write(b"all")
    assert (file.read_bytes(), part.exists()) == (b"all", False)


def test_what_was_refused_or_given_up_leaves_nothing(tmp_path: Path) -> None:
    for error in (Conflict("x", "No."), KeyboardInterrupt()):
        with pytest.raises(type(error)), new_file(tmp_path / "x.csv", overwrite=False) as opened:
            opened.write(b"some")
            raise error
        assert list(tmp_path.iterdir()) == []


def test_two_that_write_to_one_place(tmp_path: Path) -> None:
    with new_file(tmp_path / "x.csv", overwrite=False), pytest.raises(Conflict, match="one that goes on"):
        check_new_file(tmp_path / "x.csv", overwrite=False)


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(Invalid, match="no ordinary file"):
            check_new_file(place, overwrite=True)
    with pytest.raises(Invalid, match="No such file or directory"), new_file(tmp_path / "a" / "b", overwrite=False):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match="Not a directory"), new_file(tmp_path / "file" / "b", overwrite=False):
        pass


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    with new_file(tmp_path / "link", overwrite=False) as opened:
        opened.write(b"all")
    assert (tmp_path / "folder" / "file").read_bytes() == b"all"
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (12_345, "12 kB"),
        (999_999, "1.0 MB"),
        (3 * 10**15, "3,000 TB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert bytes_text(size) == text


def test_lines_of_transfers() -> None:
    assert export_line(12_000, 1_234_567, 2.0) == "12,000 rows  1.2 MB  6,000 rows/s"
    assert export_line(0, 1_000_000, 2.0) == "1.0 MB  500 kB/s"
    assert import_line(500_000, 1_000_000, 7, 1.0) == "500 kB of 1.0 MB (50%)  500 kB/s  7 lines read"
    assert import_line(500_000, None, 0, 1.0) == "500 kB  500 kB/s"
