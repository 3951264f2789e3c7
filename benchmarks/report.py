"""How long a report of a thousand verdicts takes, and how large it is; the limits are 2 s and 5 MB.

    python benchmarks/report.py [VERDICTS]

The evidence is that of a good pair, judged under a policy; its verdicts are repeated over further nodes until there are enough.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.rehearsal.built_pair import good_pair
from pytest_cucmtls.report.html.page import write_html_report

MOST_SECONDS, MOST_BYTES = 2.0, 5_000_000
_GRAVE = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WARN)


def many(count: int) -> list[Verdict]:
    """So many verdicts, every ninth of them a finding, a gap or a warning."""
    stock = judge(good_pair(), load_policy("cisco-hardening"))
    found = []
    for number in range(count):
        verdict = stock[number % len(stock)]
        outcome = _GRAVE[number % len(_GRAVE)] if number % 9 == 0 else verdict.outcome
        found.append(replace(verdict, outcome=outcome, diagnosis=f"{verdict.diagnosis} ({number})", remedies=("S8", "S9")))
    return found


def main() -> int:
    """Write the report five times, in both languages; 1 when a limit is exceeded."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    verdicts, evidence, worst = many(count), good_pair(), 0.0
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "report.html"
        for turn in range(5):
            begun = time.perf_counter()
            write_html_report(file, verdicts, evidence, {"run": "run-1"}, language=("en", "fr")[turn % 2])
            seconds = time.perf_counter() - begun
            worst = max(worst, seconds)
            print(f"{count} verdicts: {seconds:.2f} s, {file.stat().st_size / 1e6:.2f} MB")
        size = file.stat().st_size
    return int(worst > MOST_SECONDS or size > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
