"""Tries live rows on several simulated pairs at once: most of a rehearsal is waiting for calls."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.rehearsal.bench import Bench, configured_bench
from pytest_cucmtls.rehearsal.catalogue import Row

PAIRS = 3
"""Simulated pairs at once; on two cores more of them only wait for each other."""


def observe_rows(groups: Sequence[tuple[Row, ...]], folder: Path, pairs: int = PAIRS) -> Iterator[Evidence]:
    """Evidence of a run with each group of faults, in order; () is the unbroken pair, a pair is repaired between.

    Raises: CucmTlsError, when a pair cannot be started, broken or read.
    """
    if not groups:
        return
    idle: SimpleQueue[Bench] = SimpleQueue()
    with ExitStack() as stack, ThreadPoolExecutor(max_workers=pairs) as workers:
        started = workers.map(_bench_in(stack), [folder / f"pair-{number}" for number in range(min(pairs, len(groups)))])
        for bench in started:
            idle.put(bench)
        yield from workers.map(lambda group: _observe(group, idle), groups)


def _bench_in(stack: ExitStack) -> Callable[[Path], Bench]:
    return lambda folder: stack.enter_context(configured_bench(folder))


def _observe(group: tuple[Row, ...], idle: "SimpleQueue[Bench]") -> Evidence:
    """Break a pair that is idle, look at it, repair it. An error comes with the faults that were injected."""
    bench = idle.get()
    try:
        for row in group:
            row.make(bench)
        return bench.observe().evidence
    except Exception as problem:
        problem.add_note(f"while rehearsing {', '.join(row.id for row in group) or 'the good pair'}")
        raise
    finally:
        bench.restore()
        idle.put(bench)
