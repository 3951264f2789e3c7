"""What each CUCM release speaks on SIP TLS, as far as Cisco documents it; used to foresee upgrades."""

from dataclasses import dataclass

from pytest_cucmtls.model.cucm import Release

ORDER = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """Oldest and newest TLS version of a release's SIP trunks; `mark` V documented, M assumed (see standards)."""

    name: str
    oldest: str
    """Default of a fresh installation; an upgrade keeps the minimum that was set."""
    newest: str
    suite_of_choice: str
    """What two clusters of this release normally agree on."""
    mark: str

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version from the oldest to the newest."""
        return ORDER[ORDER.index(self.oldest) : ORDER.index(self.newest) + 1]


_CBC, _GCM, _TLS13 = "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"
RELEASES = (
    ReleaseFacts("9.1", "TLSv1.0", "TLSv1.0", _CBC, "V"),
    ReleaseFacts("10.5", "TLSv1.0", "TLSv1.2", _GCM, "V"),
    ReleaseFacts("11.5", "TLSv1.0", "TLSv1.2", _GCM, "V"),
    ReleaseFacts("12.5", "TLSv1.0", "TLSv1.2", _GCM, "M"),
    ReleaseFacts("14", "TLSv1.2", "TLSv1.2", _GCM, "M"),
    ReleaseFacts("15", "TLSv1.2", "TLSv1.2", _GCM, "M"),
    ReleaseFacts("15SU2", "TLSv1.2", "TLSv1.3", _TLS13, "V"),
)
"""Cisco CUCM Security Guide 15: restriction table, "TLS 1.3 setup (15SU2 onwards)"; oldest first."""


def facts_named(name: str) -> ReleaseFacts:
    """The facts of a release as people write it (``15``, ``15 SU2``, ``10.5(2)``). Raises: ValueError naming the known ones."""
    plain = name.strip().upper().replace(" ", "").split("(")[0].removesuffix(".0")
    for facts in RELEASES:
        if plain == facts.name.upper():
            return facts
    raise ValueError(f"release {name!r} is not known; known are {', '.join(facts.name for facts in RELEASES)}")


def facts_of(release: Release) -> ReleaseFacts | None:
    """The facts of a release a node runs, those of the newest known one not above it; None for an older one than all."""
    known = [facts for facts in RELEASES if "SU" not in facts.name and _number(facts.name) <= (release.major, release.minor)]
    return known[-1] if known else None


def _number(name: str) -> tuple[int, int]:
    major, _, minor = name.partition(".")
    return int(major), int(minor or 0)
