"""Write many rows from PostgreSQL to a Parquet file."""

from pathlib import Path

import psycopg
import pyarrow as pa
from pyarrow import parquet

from pilot_core.store.engine.connection import Connection

BATCH_ROWS = 10_000
TYPES = {
    "bool": pa.bool_(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float8": pa.float64(),
    "numeric": pa.float64(),
    "timestamp": pa.timestamp("us"),
}
"""The Parquet type for each PostgreSQL type; all others are written as text."""


def write_parquet(connection: Connection, query: str, path: Path) -> None:
    """Stream the rows of a query into a Parquet file. Must run inside a transaction."""
    columns = connection.execute(f"SELECT * FROM ({query}) q LIMIT 0").description or []  # noqa: S608
    known = psycopg.adapters.types
    schema = pa.schema(
        [(c.name, TYPES.get(found.name if (found := known.get(c.type_code)) else "", pa.string())) for c in columns]
    )
    with parquet.ParquetWriter(path, schema) as writer:
        for batch in connection.batches(query, BATCH_ROWS):
            arrays = [
                pa.array(column, kind) for column, kind in zip(zip(*batch, strict=True), schema.types, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
