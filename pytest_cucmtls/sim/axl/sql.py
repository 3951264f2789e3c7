"""Runs one SELECT over tables given as rows, in an in-memory SQLite database that lives as long as the query.

Informix's ``first``/``skip``, ``unique``, ``matches``, casts and quotes are understood, and so are its types: text and
number compare equal, ``like`` minds the case. Everything that is not reading is refused by SQLite's authorizer.
"""

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_cucmtls.sim.axl.faults import AxlFault
from pytest_cucmtls.sim.axl.sql_functions import add_informix_functions

MOST_ROWS = 20_000
LARGEST_ANSWER_BYTES = 8 * 1024 * 1024
_MOST_STEPS = 400
"""Progress calls of 10 000 virtual machine instructions each before a query is given up."""
_FIRST = re.compile(r"^(\s*select\s+)(?:skip\s+(\d{1,9})\s+)?(?:(?:first|limit)\s+(\d{1,9})\s+)?", re.IGNORECASE)
_QUOTED = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*)")
_CAST = re.compile(r"::\s*\w+(?:\s*\(\s*\d+\s*\))?")
_UNIQUE = re.compile(r"(\bselect\s+|\(\s*)unique\b", re.IGNORECASE)
_MATCHES = re.compile(r"\bmatches\b", re.IGNORECASE)
_AGGREGATE = re.compile(r"(count|sum|min|max|avg)\s*\(", re.IGNORECASE)
_NUMBERED = ("tk", "enum", "numplanindex")
"""How names of columns begin that hold numbers even where no row says so."""
_SELECT = re.compile(r"^\s*(select|with)\b", re.IGNORECASE)
_NO_TABLE = re.compile(r"no such table: (\S+)")
_NO_COLUMN = re.compile(r"no such column: (\S+)")
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_COSTLY = ("randomblob", "zeroblob", "load_extension", "printf", "format")


@dataclass(frozen=True, slots=True)
class Table:
    """Column names and rows; every value is text, a number or None."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str | int | None, ...]]


def run_query(sql: str, tables: Mapping[str, Table]) -> list[list[tuple[str, str | None]]]:
    """Rows as (column, text) pairs, None for NULL. Raises: AxlFault as `run_named_query`."""
    return run_named_query(sql, tables)[1]


def run_named_query(sql: str, tables: Mapping[str, Table]) -> tuple[list[str], list[list[tuple[str, str | None]]]]:
    """Names of the columns, and rows as (column, text) pairs with None for NULL.

    Raises: AxlFault -201 (syntax), -206 (table), -217 (column), -1 (too much); codes beside -201 are Informix's, ASSUMED.
    """
    if not _SELECT.match(sql):
        raise AxlFault(-201, "A syntax error has occurred.")
    connection = sqlite3.connect(":memory:")
    try:
        _fill(connection, tables)
        _lock(connection)
        return _fetch(connection, _translated(sql))
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, tables: Mapping[str, Table]) -> None:
    """Create the tables."""
    for name, table in tables.items():
        columns = (f'"{column}" {_kind_of(table, place)}' for place, column in enumerate(table.columns))
        connection.execute(f"create table {name} ({', '.join(columns)})")
        marks = ", ".join("?" * len(table.columns))
        connection.executemany(f"insert into {name} values ({marks})", table.rows)


def _kind_of(table: Table, place: int) -> str:
    """The type of a column; with it ``tkmodel = '131'`` and ``dnorpattern = 1018`` are what Informix takes them for."""
    cells = [row[place] for row in table.rows if row[place] is not None]
    numbers = all(isinstance(cell, int) for cell in cells) if cells else table.columns[place].startswith(_NUMBERED)
    return "integer" if numbers else "text"


def _lock(connection: sqlite3.Connection) -> None:
    """From here on: reading only, bounded work, bounded values."""
    steps = 0

    def authorize(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
        costly = action == sqlite3.SQLITE_FUNCTION and (second or first or "").lower() in _COSTLY
        return sqlite3.SQLITE_OK if action in _READING and not costly else sqlite3.SQLITE_DENY

    def progress() -> int:
        nonlocal steps
        steps += 1
        return int(steps > _MOST_STEPS)

    add_informix_functions(connection)
    connection.commit()
    connection.execute("pragma case_sensitive_like = on")
    connection.set_authorizer(authorize)
    connection.set_progress_handler(progress, 10_000)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_ANSWER_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 100_000)


def _translated(sql: str) -> str:
    """Informix's words as SQLite says them; what is inside quotes stays, and double quotes mean text too."""
    pieces = [_unquoted(piece) if not place % 2 else _quoted(piece) for place, piece in enumerate(_QUOTED.split(sql))]
    sql = "".join(pieces).strip().rstrip("; \n\t")
    found = _FIRST.match(sql)
    if found is None or (found[2] is None and found[3] is None):
        return sql
    limit = f"\nlimit {found[3] or -1}" + (f" offset {found[2]}" if found[2] else "")
    return f"{found[1]}{sql[found.end() :]}{limit}"


def _unquoted(text: str) -> str:
    return _MATCHES.sub("glob", _UNIQUE.sub(r"\1distinct", _CAST.sub("", text)))


def _quoted(text: str) -> str:
    """Text in single quotes; a comment is left out."""
    if text.startswith("--"):
        return ""
    return text if text.startswith("'") else "'" + text[1:-1].replace('""', '"').replace("'", "''") + "'"


def _fetch(connection: sqlite3.Connection, sql: str) -> tuple[list[str], list[list[tuple[str, str | None]]]]:
    """Names of the columns and the rows, checked for size on the way."""
    try:
        cursor = connection.execute(sql)
        names = [_column_name(description[0]) for description in cursor.description or ()]
        return names, _bounded(cursor, names)
    except (sqlite3.Error, sqlite3.Warning, ValueError) as problem:
        raise _sql_fault(str(problem)) from problem


def _bounded(cursor: Iterable[tuple[object, ...]], names: list[str]) -> list[list[tuple[str, str | None]]]:
    """Raises: AxlFault -1 with the recorded advice when the answer would exceed 8 MB."""
    rows: list[list[tuple[str, str | None]]] = []
    size = 0
    for values in cursor:
        row = [(name, _printed(value)) for name, value in zip(names, values, strict=True)]
        size += sum(len(name) * 2 + 5 + len(value or "") for name, value in row)
        rows.append(row)
        if size > LARGEST_ANSWER_BYTES or len(rows) > MOST_ROWS:
            message = f"Query request too large. Total rows matched: {len(rows)} rows."
            raise AxlFault(-1, f"{message} Suggestive Row Fetch: less than {max(1, len(rows) - 1)} rows", "Server")
    return rows


def _printed(value: object) -> str | None:
    """A cell as text without characters that XML cannot carry."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.hex()
    return _NOT_XML.sub("?", str(value))


def _column_name(name: str) -> str:
    """An element name: lower case, the table alias left out, expressions as Informix names them."""
    aggregate = _AGGREGATE.match(name)
    if aggregate is not None:
        return aggregate[1].lower()
    plain = name.rpartition(".")[2] if re.fullmatch(r"[\w.]+", name) else name
    cleaned = _NOT_A_NAME.sub("_", plain).strip("_.-").lower()
    return cleaned if cleaned and not cleaned[0].isdigit() else "expression"


def _sql_fault(problem: str) -> AxlFault:
    """SQLite's complaint in Informix's words."""
    table, column = _NO_TABLE.search(problem), _NO_COLUMN.search(problem)
    if table is not None:
        return AxlFault(-206, f"The specified table ({table[1]}) is not in the database.")
    if column is not None:
        return AxlFault(-217, f"Column ({column[1]}) not found in any table in the query (or SLV is undefined).")
    if "interrupted" in problem or "too big" in problem:
        return AxlFault(-1, "Query request too large. The query was stopped.", "Server")
    return AxlFault(-201, "A syntax error has occurred.")
