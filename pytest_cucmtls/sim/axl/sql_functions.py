"""Functions of Informix's SQL that SQLite lacks, as far as queries for real clusters use them."""

import sqlite3
from datetime import UTC, datetime

Cell = str | int | float | None
_LONGEST_PADDING = 1000


def add_informix_functions(connection: sqlite3.Connection) -> None:
    """Make them known to a connection; what they are given wrongly is NULL."""
    for name, count, function in (
        ("nvl", 2, _nvl),
        ("decode", -1, _decode),
        ("dbinfo", 2, _dbinfo),
        ("to_char", -1, _text),
        ("concat", 2, _concat),
        ("char_length", 1, _length),
        ("lpad", 3, _left_padded),
        ("rpad", 3, _right_padded),
    ):
        connection.create_function(name, count, function, deterministic=True)


def _nvl(value: Cell, instead: Cell) -> Cell:
    return instead if value is None else value


def _decode(value: Cell = None, *cases: Cell) -> Cell:
    """``decode(value, when, then, …, else)``."""
    for place in range(0, len(cases) - 1, 2):
        if cases[place] == value or str(cases[place]) == str(value):
            return cases[place + 1]
    return cases[-1] if len(cases) % 2 else None


def _dbinfo(what: Cell, value: Cell) -> Cell:
    """``dbinfo('utc_to_datetime', seconds)``."""
    if str(what).lower() != "utc_to_datetime" or not str(value).isdigit() or len(str(value)) > 10:
        return None
    return datetime.fromtimestamp(int(str(value)), UTC).strftime("%Y-%m-%d %H:%M:%S")


def _text(value: Cell = None, *_format: Cell) -> Cell:
    return None if value is None else str(value)


def _concat(first: Cell, second: Cell) -> Cell:
    return None if first is None or second is None else f"{first}{second}"


def _length(value: Cell) -> Cell:
    return None if value is None else len(str(value))


def _left_padded(value: Cell, width: Cell, filling: Cell) -> Cell:
    padding = _padding(value, width, filling)
    return None if padding is None else (padding + str(value))[: int(str(width))]


def _right_padded(value: Cell, width: Cell, filling: Cell) -> Cell:
    padding = _padding(value, width, filling)
    return None if padding is None else (str(value) + padding)[: int(str(width))]


def _padding(value: Cell, width: Cell, filling: Cell) -> str | None:
    if value is None or not filling or not str(width).isdigit() or int(str(width)) > _LONGEST_PADDING:
        return None
    missing = int(str(width)) - len(str(value))
    return (str(filling) * missing)[:missing] if missing > 0 else ""
