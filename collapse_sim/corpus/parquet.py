"""Parquet: the schema and all other columns stay, in Arrow's own types.

Only a dictionary of texts gets more room where they are edited: texts that were equal then differ.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from collapse_sim.corpus.json_lines import identity
from collapse_sim.corpus.records import Output, ReadOptions, Row
from collapse_sim.json_text import one_line

ROWS_AT_ONCE = 128
ROW_GROUP = 2**26
"""Bytes of a row group, which memory has to hold."""

COLUMN_TYPES = {"log_probability": pa.float64(), "tokens": pa.int64(), "perplexity": pa.float64()}


class Parquet:
    """The rows of one Parquet file, and how they are written; `columns` are those to be added."""

    def __init__(self, path: Path, place: str, name: str, options: ReadOptions, columns=()):
        self.path, self.place, self.name = path, place, name
        self.options, self.columns = options, columns

    def rows(self) -> Iterator[Row]:
        number = itertools.count(1)
        with self._open() as file:
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
                texts = batch.column(batch.schema.get_field_index(self.options.text_field))
                ids = self._ids(batch)
                for place, text in enumerate(_encoded(texts)):
                    yield self._row((batch, place), next(number), text, ids[place])

    def require_fields(self) -> None:
        """Raises ValueError where there is no column of text, or one that is to be added."""
        with self._open() as file:
            schema = file.schema_arrow
        wanted = self.options.text_field
        if schema.names.count(wanted) != 1:
            held = ", ".join(map(ascii, schema.names[:8]))
            raise ValueError(f"{self.place}: no field {wanted!r}: --text-field names one of {held}")
        kind = _value_type(schema.field(wanted).type)
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_view(kind)):
            raise ValueError(f"{self.place}: {wanted} is of type {kind}: accepted are strings")
        for column in self.columns:
            if column in schema.names:
                raise ValueError(f"{self.place}: holds a field {column} already")

    def write(self, file: BinaryIO, outputs: Sequence[Output]) -> None:
        """Write a part: a stream of Arrow's, which holds every type as it is."""
        schema = self._schema()
        with pa.ipc.new_stream(file, schema) as stream:
            for _, group in itertools.groupby(outputs, lambda output: id(output.row.raw[0])):
                stream.write_batch(self._batch(schema, list(group)))

    def join(self, file: BinaryIO, parts: Sequence[Path]) -> None:
        """Write the Parquet file, in row groups of several parts."""
        schema = self._schema()
        with pq.ParquetWriter(file, schema, compression=self._compression()) as writer:  # type: ignore[arg-type]
            for table in _gathered(map(_part, parts)):
                writer.write_table(table, row_group_size=len(table))

    @contextmanager
    def _open(self) -> Iterator[pq.ParquetFile]:
        try:
            with open(self.path, "rb") as source, pq.ParquetFile(source) as file:
                yield file
        except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
            told = one_line(error)
            raise ValueError(f"{self.place}: {told}: accepted are whole Parquet files") from None

    def _schema(self) -> pa.Schema:
        with self._open() as file:
            schema = file.schema_arrow
        for column in self.columns:
            schema = schema.append(pa.field(column, COLUMN_TYPES[column]))
        if self.columns:
            return schema
        place = schema.get_field_index(self.options.text_field)
        text = schema.field(place)
        return schema.set(place, text.with_type(_with_room(text.type)))

    def _compression(self) -> dict[str, str] | str:
        """Compression of each column."""
        with self._open() as file:
            if not file.metadata.num_row_groups:
                return "snappy"
            group = file.metadata.row_group(0)
            columns = [group.column(index) for index in range(group.num_columns)]
        return {
            column.path_in_schema: "none"
            if column.compression == "UNCOMPRESSED"
            else column.compression.lower()
            for column in columns
        }

    def _ids(self, batch: pa.RecordBatch) -> list[Any]:
        field = self.options.id_field
        if batch.schema.names.count(field) != 1:
            return [None] * len(batch)
        return [_text_or_none(value) for value in batch.column(field)]

    def _row(self, raw: Any, number: int, text: bytes | None, found: Any) -> Row:
        named = identity({"id": found}, "id", self.name, number)
        if text is None:
            reason = f"{self.options.text_field} is null: accepted are strings"
            return Row(raw, number, named, reason=reason)
        try:
            return Row(raw, number, named, text.decode())
        except UnicodeDecodeError:
            return Row(raw, number, named, reason=f"{self.options.text_field} is not UTF-8")

    def _batch(self, schema: pa.Schema, outputs: Sequence[Output]) -> pa.RecordBatch:
        """The rows of one batch that are written, with their text and columns."""
        batch, places = outputs[0].row.raw[0], [output.row.raw[1] for output in outputs]
        arrays = [_taken(column, places) for column in batch.columns]
        place = schema.get_field_index(self.options.text_field)
        kind = schema.field(place).type
        is_new = any(o.text is not None and o.text != o.row.text for o in outputs)
        if is_new or arrays[place].type != kind:
            texts = [o.row.text if o.text is None else o.text for o in outputs]
            arrays[place] = _of_type(texts, kind)
        for column in self.columns:
            values = [output.columns[column] for output in outputs]
            arrays.append(pa.array(values, COLUMN_TYPES[column]))
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _part(path: Path) -> pa.Table:
    with open(path, "rb") as source, pa.ipc.open_stream(source) as stream:
        return stream.read_all()


def _gathered(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Tables together, until they have ROW_GROUP bytes."""
    gathered, size = [], 0
    for table in tables:
        gathered.append(table)
        size += table.nbytes
        if size >= ROW_GROUP:
            yield pa.concat_tables(gathered)
            gathered, size = [], 0
    if any(map(len, gathered)):
        yield pa.concat_tables(gathered)


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _with_room(kind: pa.DataType) -> pa.DataType:
    """The type for any number of texts: a dictionary may count its own in a byte."""
    if pa.types.is_dictionary(kind):
        return pa.dictionary(pa.int32(), kind.value_type, kind.ordered)
    return kind


def _is_view(kind: pa.DataType) -> bool:
    return pa.types.is_string_view(kind)


def _encoded(texts: Any) -> list[bytes | None]:
    """The bytes of each text, which need not be UTF-8."""
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    return [None if not value.is_valid else value.as_buffer().to_pybytes() for value in texts]


def _of_type(texts: Sequence[str | None], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        encoded = pa.array(texts, kind.value_type).dictionary_encode()
        return encoded.cast(kind)
    return pa.array(texts, kind)


def _taken(array: pa.Array, places: Sequence[int]) -> pa.Array:
    try:
        return array.take(pa.array(places, pa.int64()))
    except pa.ArrowNotImplementedError:  # string views have no kernel
        return pa.array([array[place].as_py() for place in places], array.type)


def _text_or_none(value: Any) -> Any:
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return None
