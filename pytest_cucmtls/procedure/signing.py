"""Hands requests to the authority and fetches what it issued; what is still pending is waited for, by a later run if need be."""

import shlex
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from threading import Event

from pytest_cucmtls.model.certificates import CertificateRequest
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, CertificatesAwaited, UnsafeToAct
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.issued import known_chain
from pytest_cucmtls.procedure.issued_against_request import compare, refuse_unusable, show_comparison
from pytest_cucmtls.procedure.journal import Entry
from pytest_cucmtls.wire.x509 import parse_certificate, pem_of

STEP = 4
SUBMITTED, USELESS = "request submitted", "request answered uselessly"
"""Journal notes: `before` is the key, `after` the number the authority gave; a useless answer is asked for once more."""
LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that needs a certificate."""

    cluster: str
    node: str
    request: CertificateRequest

    @property
    def place(self) -> str:
        """``cluster/node``."""
        return f"{self.cluster}/{self.node}"

    @property
    def target(self) -> str:
        """How the journal calls the certificate."""
        return f"{self.place} certificate"


@dataclass(slots=True)
class Signing:
    """The requests of one run: all are handed in before the first certificate is waited for."""

    run: Run
    wanted: tuple[Wanted, ...]
    _numbers: dict[str, str] = field(default_factory=dict)
    _fetched: set[str] = field(default_factory=set)

    def sign(self, one: Wanted) -> None:
        """The certificate of `one` in the run folder, compared with its request.

        Raises: CertificatesAwaited naming all that are pending, CertificateAuthorityRefused (denied, with the reason),
        UnsafeToAct (a certificate that must not be uploaded).
        """
        for other in self.wanted:
            self._hand_in(other)
        pending = self._fetch_all()
        limit = time.monotonic() + self.run.inventory.authority.wait_seconds
        while one in pending:
            left = limit - time.monotonic()
            if left <= 0:
                raise self._awaited(pending)
            self.run.progress(f"         waiting for {', '.join(other.place for other in pending)}, {left:.0f} s left")
            Event().wait(min(left, self.run.poll_seconds * 5, LONGEST_PAUSE_SECONDS))
            pending = self._fetch_all()

    def _hand_in(self, one: Wanted) -> None:
        if one.target in self._numbers:
            return
        authority = self.run.signer()
        number = _earlier_number(self.run, one)
        if number is None:
            number = authority.submit(pem_of(one.request.der, "CERTIFICATE REQUEST").encode(), label=f"{one.cluster}-{one.node}")
            self._note(one, SUBMITTED, number)
        self._numbers[one.target] = number

    def _fetch_all(self) -> list[Wanted]:
        """Fetch what is issued and return what is pending; everything that is wrong is told at once."""
        pending: list[Wanted] = []
        problems: list[UnsafeToAct | CertificateAuthorityRefused] = []
        for one in self.wanted:
            try:
                if one.target not in self._fetched and not self._fetch_issued(one):
                    pending.append(one)
            except (UnsafeToAct, CertificateAuthorityRefused) as problem:
                problems.append(problem)
        if problems:
            raise _together(problems)
        return pending

    def _fetch_issued(self, one: Wanted) -> bool:
        """False while the request is pending, or the authority's own certificates are still awaited."""
        authority, number = self.run.signer(), self._numbers[one.target]
        state = authority.state(number)
        if state == "pending":
            authority.issue(number)
            state = authority.state(number)
        if state == "pending" or (state == "issued" and not known_chain(self.run)):
            return False
        if state == "denied":
            self._note(one, USELESS, number)
        pem = authority.retrieve(number)
        certificate = parse_certificate(pem)
        attributes = compare(self.run, one.request, certificate)
        self.run.folder.keep(
            pem,
            kind="issued_certificate",
            cluster=one.cluster,
            node=one.node,
            interface="authority",
            operation=f"retrieve {number}",
            media_type="application/x-pem-file",
        )
        show_comparison(self.run, one.cluster, one.node, attributes)
        try:
            refuse_unusable(str(STEP), one.place, attributes)
        except UnsafeToAct:
            self._note(one, USELESS, number)
            raise
        self._fetched.add(one.target)
        return True

    def _awaited(self, pending: list[Wanted]) -> CertificatesAwaited:
        authority = self.run.signer()
        numbers = tuple(self._numbers[one.target] for one in pending)
        waiting = tuple(f"{one.place} (request {number})" for one, number in zip(pending, numbers, strict=True))
        return CertificatesAwaited(
            str(STEP), authority.name, waiting, advice=authority.advice(numbers), resume=resume_command(self.run)
        )

    def _note(self, one: Wanted, what: str, number: str) -> None:
        entry = Entry("note", STEP, target=one.target, before=one.request.public_key_sha256, after=number, interface=what)
        self.run.journal.append(entry)


def refuse_shared_key(wanted: Iterable[Wanted]) -> None:
    """Nodes of one cluster may share a key (multi-server certificate), clusters may not. Raises: UnsafeToAct."""
    owners: dict[str, Wanted] = {}
    for one in wanted:
        other = owners.setdefault(one.request.public_key_sha256, one)
        if other.cluster != one.cluster:
            raise UnsafeToAct(
                str(STEP),
                f"{other.place} and {one.place} have requests of the same key: a certificate could reach the wrong cluster",
                remedy="Generate a new request on one of them (step 3).",
            )


def resume_command(run: Run) -> str:
    """The command that continues this run, as typed in a shell in any folder."""
    words = ["pytest", *_test_cases(), "--cucm-inventory", str(Path(run.inventory.source).resolve())]
    words += ["--cucm-mode", run.inventory.mode.value, "--cucm-policy", run.inventory.policy]
    words += ["--cucm-plan", str(run.plan_file)] if run.plan_file else []
    return shlex.join([*words, "--cucm-run", str(run.folder.path.resolve())])


def _test_cases() -> list[str]:
    """The wheel carries the test cases; a checkout has them beside the package."""
    if find_spec("pytest_cucmtls.testcases") is not None:
        return ["--pyargs", "pytest_cucmtls.testcases"]
    return [str(Path(__file__).parents[2] / "testcases")]


def _together(problems: list[UnsafeToAct | CertificateAuthorityRefused]) -> UnsafeToAct | CertificateAuthorityRefused:
    """One error for several requests, BLOCKED as soon as one of them is."""
    first = next((problem for problem in problems if isinstance(problem, UnsafeToAct)), problems[0])
    if len(problems) == 1:
        return first
    if isinstance(first, UnsafeToAct):
        return UnsafeToAct(first.step, "; ".join(problem.detail for problem in problems), remedy=first.remedy)
    numbers = ", ".join(problem.request_id for problem in problems if isinstance(problem, CertificateAuthorityRefused))
    return CertificateAuthorityRefused(
        first.authority, numbers, "; ".join(dict.fromkeys(problem.detail for problem in problems)), remedy=first.remedy
    )


def _earlier_number(run: Run, one: Wanted) -> str | None:
    """The number the authority gave this very request (same key) before, unless what came of it was of no use."""
    found, useless = None, set()
    for entry in run.journal.entries():
        if entry.target != one.target or entry.before != one.request.public_key_sha256:
            continue
        if entry.interface == SUBMITTED:
            found = entry.after
            useless.discard(found)
        elif entry.interface == USELESS:
            useless.add(entry.after)
    return None if found in useless else found
