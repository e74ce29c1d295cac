"""Reading delimited text and Parquet, plain or compressed, with the line of whatever is wrong."""

from __future__ import annotations

import bz2
from collections.abc import Iterator, Sequence
import csv
from dataclasses import dataclass
import gzip
import io
import lzma
from pathlib import Path
from typing import BinaryIO
import zipfile
import zlib

import pyarrow as pa
from pyarrow import csv as arrow_csv
import pyarrow.parquet as pq

from vasp_models.errors import DataError, SettingError

DAT = "::"  # what separates the columns of MovieLens' .dat files
_DELIMITERS = (DAT, "\t", ";", ",", "|")
_LARGE = 1 << 24  # bytes: more than any file of titles
_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


@dataclass(frozen=True)
class TextTable:
    """A delimited text file whose columns are known by name.

    `label` is the name that messages use; `header` tells whether the first line holds the names.
    """

    path: Path
    label: str
    names: Sequence[str]
    delimiter: str = ","
    header: bool = True
    encoding: str = "utf-8"

    def read(self, columns: dict[str, pa.DataType | None]) -> pa.Table:
        """The named columns, each in the given type or, at None, in the type that fits. Raises DataError."""
        # Arrow separates at one character: `a::b` reads as three columns, the middle one empty.
        doubled = [part for name in self.names for part in (name, f"\0{name}")]
        names = list(self.names) if self.delimiter != DAT else doubled[:-1]
        convert = arrow_csv.ConvertOptions(
            column_types={name: kind for name, kind in columns.items() if kind is not None},
            include_columns=list(columns),
        )
        read = arrow_csv.ReadOptions(
            column_names=names, skip_rows=int(self.header), block_size=1 << 24, encoding=self.encoding
        )
        parse = arrow_csv.ParseOptions(delimiter=self.delimiter[0])
        try:
            with opened(self.path, self.label) as file:
                return arrow_csv.read_csv(file, read, parse, convert)
        except pa.ArrowInvalid as error:
            raise self._complaint(columns, error) from None
        except _BROKEN as error:
            raise broken(self.label, error) from None

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Line number (from 1) and fields of each line that is not empty, without the header. Raises DataError."""
        text = decoded(self.path, self.label, self.encoding)
        if self.delimiter == DAT:
            rows = ((number, line.rstrip("\r\n").split(DAT)) for number, line in enumerate(text, 1) if line.strip())
        else:
            reader = csv.reader(text, delimiter=self.delimiter)
            rows = ((reader.line_num, fields) for fields in reader if fields)
        if self.header:
            next(rows, None)
        return rows

    def place(self, row: int) -> str:
        """Where a row (from 0) stands, as messages say it."""
        for place, (number, _) in enumerate(self.lines()):
            if place == row:
                return f"{self.label}, line {number}"
        return self.label

    def _complaint(self, columns: dict[str, pa.DataType | None], error: Exception) -> DataError:
        """What is wrong in the first line that cannot be read: only looked for once reading has failed."""
        numeric = {name: place for place, name in enumerate(self.names) if columns.get(name) == pa.float64()}
        for number, fields in self.lines():
            where = f"{self.label}, line {number}"
            if len(fields) != len(self.names):
                return DataError(
                    f"{where} has {len(fields)} columns, expected {len(self.names)} ({', '.join(self.names)}): "
                    "mend or remove the line, or name the separator with --separator."
                )
            for name, place in numeric.items():
                if not _is_number(fields[place]):
                    return DataError(
                        f"{where}: {fields[place]!r} in column {name!r} is not a number: expected one such as 3.5; "
                        "mend or remove the line."
                    )
        return DataError(f"{self.label} cannot be read ({str(error).splitlines()[0]}): expected delimited text.")


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file, with the same questions as a TextTable."""

    path: Path
    label: str
    names: Sequence[str]

    def read(self, columns: dict[str, pa.DataType | None]) -> pa.Table:
        """The named columns; those with a numeric type are cast to it. Raises DataError."""
        try:
            table = pq.read_table(self.path, columns=list(columns))
        except (OSError, pa.ArrowException) as error:
            raise broken(self.label, error) from None
        for place, (name, kind) in enumerate(columns.items()):
            if kind is not None and not pa.types.is_dictionary(kind):
                table = table.set_column(place, name, self._cast(table.column(name), name, kind))
        return table

    def lines(self) -> Iterator[tuple[int, list]]:
        """Row number (from 1) and values of each row."""
        table = pq.read_table(self.path, columns=list(self.names))
        return ((number, list(row.values())) for number, row in enumerate(table.to_pylist(), 1))

    def place(self, row: int) -> str:
        """Where a row (from 0) stands, as messages say it."""
        return f"{self.label}, row {row + 1}"

    def _cast(self, column: pa.ChunkedArray, name: str, kind: pa.DataType) -> pa.ChunkedArray:
        try:
            return column.cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise DataError(f"{self.label}: column {name!r} holds {column.type}, expected numbers.") from None


Table = TextTable | ParquetTable


def open_table(
    path: Path,
    names: Sequence[str] | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    label: str | None = None,
) -> Table:
    """Look at a file and say how it is read: Parquet by its first bytes, else text with a guessed separator.

    `names` are the columns of a file without a header line, as far as it has them. Raises DataError where
    the file is missing, empty or not to be read.
    """
    label = label or str(path)
    if path.is_dir():
        raise DataError(f"{label} is a folder: expected a file; of a folder of DeepCF's files say --format deepcf.")
    if not path.is_file():
        raise DataError(f"{label} is not there: expected a file; check the path.")
    with opened(path, label) as file:
        start = _peek(file, label)
    if start[:4] == b"PAR1":
        try:
            return ParquetTable(path, label, pq.read_schema(path).names)
        except (OSError, pa.ArrowException) as error:
            raise broken(label, error) from None
    encoding = encoding or _guessed_encoding(path)
    line = next((line for line in decoded(path, label, encoding) if line.strip()), None)
    if line is None:
        raise DataError(f"{label} is empty: expected a table with one rating or item a line.")
    if separator is not None and len(separator) != 1 and separator != DAT:
        raise SettingError(f"--separator {separator!r}: expected one character, or {DAT} as in MovieLens' .dat files.")
    separator = separator or next((mark for mark in _DELIMITERS if mark in line), ",")
    fields = line.rstrip("\r\n").split(DAT) if separator == DAT else next(csv.reader([line], delimiter=separator))
    columns = [name.strip() for name in fields] if names is None else _named(names, len(fields))
    return TextTable(path, label, columns, separator, names is None, encoding)


def opened(path: Path, label: str) -> BinaryIO:
    """A binary file, decompressed where its name says so."""
    try:
        if path.suffix == ".zst":
            return io.BufferedReader(pa.input_stream(str(path), compression="zstd"))
        if path.suffix == ".zip":
            return _only_member(path, label)
        return _OPENERS.get(path.suffix, open)(path, "rb")
    except _BROKEN as error:
        raise broken(label, error) from None


def decoded(path: Path, label: str, encoding: str) -> Iterator[str]:
    """Lines of a text file. Raises DataError with the line that is in another encoding, and for broken compression."""
    encoding = "utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding
    number = 0
    try:
        with opened(path, label) as file:
            for number, line in enumerate(file, 1):  # noqa: B007 (read by the message below)
                yield line.decode(encoding if number == 1 else encoding.removesuffix("-sig"))
    except LookupError:
        raise DataError(f"Unknown encoding {encoding!r}: expected one such as utf-8 or latin-1.") from None
    except UnicodeDecodeError:
        raise DataError(
            f"{label}, line {number} is not in the encoding {encoding.removesuffix('-sig')}: expected text in it; "
            "name another one, such as --encoding latin-1."
        ) from None
    except _BROKEN as error:
        raise broken(label, error) from None


def broken(label: str, error: Exception) -> DataError:
    """The sentence for a file that is cut off, corrupt or not to be opened."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(f"{label} is damaged or not readable ({reason}): expected a whole file; fetch or copy it again.")


def _named(names: Sequence[str], n_columns: int) -> list[str]:
    return [*names[:n_columns], *(f"column {number}" for number in range(len(names) + 1, n_columns + 1))]


def _only_member(path: Path, label: str) -> BinaryIO:
    archive = zipfile.ZipFile(path)
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise DataError(f"{label} holds {len(members)} files, expected one: unpack it and name the file.")
    return archive.open(members[0])


def _guessed_encoding(path: Path) -> str:
    """UTF-8, but for MovieLens' older ``.dat`` files of titles, which are latin-1; those of ratings are ASCII."""
    if path.suffix != ".dat" or path.stat().st_size > _LARGE:
        return "utf-8"
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _peek(file: BinaryIO, label: str) -> bytes:
    try:
        return file.read(16)
    except _BROKEN as error:
        raise broken(label, error) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return not text.strip()  # an empty rating is reported as missing, not as malformed
    return True
