"""`run sql select …`: a reading query of the database, as a table."""

from collections.abc import Sequence

from pytest_cucmtls.sim.axl.faults import AxlFault
from pytest_cucmtls.sim.axl.sql import run_named_query
from pytest_cucmtls.sim.axl.sql_certificates import make_certificates
from pytest_cucmtls.sim.axl.sql_tables import tables
from pytest_cucmtls.sim.cli_command import RECORDED, CliCommand, CliContext, CommandFailed


async def _select(context: CliContext, arguments: Sequence[str]) -> None:
    cluster = context.node.cluster
    query = " ".join(("select", *arguments))
    if "certificate" in query.lower():
        await make_certificates(cluster)
    try:
        names, rows = run_named_query(query, tables(context.node, query))
    except AxlFault as problem:
        raise CommandFailed(problem.message) from None
    cells = [[("NULL" if value is None else value).replace("\n", " ") for _, value in row] for row in rows]
    widths = [max([len(name), *(len(row[place]) for row in cells)]) for place, name in enumerate(names)]
    lines = [_line(names, widths), _line(["=" * width for width in widths], widths), *(_line(row, widths) for row in cells)]
    await context.terminal.show("\n".join(lines))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))


COMMANDS = (
    CliCommand(
        ("run", "sql", "select"),
        _select,
        "run sql select columns from table …",
        RECORDED,
        "published transcripts, one without rows",
    ),
)
