"""Records laid out by us are what the server reads, and what it writes is what we read: checked against the server."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.postgres.copying import Column, binary_stream, lay_out_columns, lay_out_names, read_columns
from service.postgres.database import Database
from service.postgres.queries import Query

KINDS = {"a": ">i4", "b": ">f4", "c": ">i2", "d": ">i8"}
ROW = st.tuples(
    st.integers(-(2**31), 2**31 - 1),
    st.floats(width=32, allow_nan=False),
    st.none() | st.integers(-(2**15), 2**15 - 1),
    st.integers(-(2**63), 2**63 - 1),
)
TABLE = "CREATE TABLE copied (row serial, a integer NOT NULL, b real NOT NULL, c smallint, d bigint NOT NULL)"
ALL = Query("all", "-- all\nSELECT a, b, coalesce(c, 0)::smallint AS c, d FROM copied WHERE row > $1 ORDER BY row")


@pytest.fixture
async def table(database: Database) -> None:
    await database.pool.execute(TABLE)


@pytest.mark.usefixtures("table")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=40))
async def test_rows_come_back_as_they_were(database: Database, rows: list[tuple[int, float, int | None, int]]) -> None:
    a, b, c, d = (list(column) for column in zip(*rows, strict=True))
    block = lay_out_columns(
        [
            Column(np.array(a), ">i4"),
            Column(np.array(b, dtype=np.float32), ">f4"),
            Column(np.array([value or 0 for value in c]), ">i2", is_null=np.array([value is None for value in c])),
            Column(np.array(d, dtype=np.int64), ">i8"),
        ]
    )
    async with database.transaction() as tx:
        await tx.define("TRUNCATE copied RESTART IDENTITY")
        await tx.copy_binary("copied", ("a", "b", "c", "d"), binary_stream([block]))
        found = await tx.fetch(Query("rows", "SELECT a, b, c, d FROM copied ORDER BY row"))
        read = read_columns(await tx.copy_out(ALL, 0), KINDS)
    assert [tuple(row) for row in found] == rows
    assert read["a"].tolist() == a
    assert read["b"].tolist() == b
    assert read["c"].tolist() == [value or 0 for value in c]
    assert read["d"].tolist() == d


@pytest.mark.usefixtures("table")
async def test_nothing_is_read_as_no_rows(database: Database) -> None:
    async with database.transaction() as tx:
        assert len(read_columns(await tx.copy_out(ALL, 0), KINDS)) == 0


@pytest.mark.usefixtures("table")
async def test_a_null_or_another_type_is_a_bug_that_shows(database: Database) -> None:
    await database.pool.execute("INSERT INTO copied (a, b, c, d) VALUES (1, 1, NULL, 1)")
    for columns in ("a, b, c, d", "a, b, 1::bigint AS c, d", "a, b, d"):
        async with database.transaction() as tx:
            data = await tx.copy_out(Query("some", f"SELECT {columns} FROM copied"))
        with pytest.raises((AssertionError, ValueError)):
            read_columns(data, KINDS)


def test_a_stream_that_was_cut_is_not_read() -> None:
    with pytest.raises((AssertionError, ValueError)):
        read_columns(b"PGCOPY\n\xff\r\n\x00" + bytes(8) + b"\x00\x04", KINDS)


@given(st.lists(st.text("abc-", min_size=5, max_size=5), max_size=20), st.integers(1, 2**31 - 1))
def test_names_are_laid_out_byte_by_byte(names: list[str], set_id: int) -> None:
    matrix = np.frombuffer("".join(names).encode(), dtype=np.uint8).reshape(len(names), 5)
    block = lay_out_names(set_id, np.arange(len(names), dtype=np.int32), matrix)
    expected = b"".join(
        b"\x00\x03" + b"\x00\x00\x00\x04" + set_id.to_bytes(4) + b"\x00\x00\x00\x04" + number.to_bytes(4)
        + b"\x00\x00\x00\x05" + name.encode()
        for number, name in enumerate(names)
    )  # fmt: skip
    assert block == expected
