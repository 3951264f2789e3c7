"""Opens everything a run needs: authority, clusters, folder and journal; and closes it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_cucmtls.ca.authority import CertificateAuthority
from pytest_cucmtls.clusters import ClusterReader, ClusterResetter, ClusterWriter
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.inventory import Credentials
from pytest_cucmtls.model.inventory import Account, AuthoritySpec, Inventory, Mode
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.procedure.bounds import gates_of
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.existing_identities import EXISTING
from pytest_cucmtls.procedure.journal import Journal


def open_authority(spec: AuthoritySpec, private_folder: Path, credentials: Credentials) -> CertificateAuthority:
    """The authority the inventory names. Raises: ConfigurationInvalid, CertificateAuthorityRefused."""
    if spec.kind == "files":
        from pytest_cucmtls.ca.key_files import KeyFileAuthority

        return KeyFileAuthority(
            private_folder / "authority",
            certificate_file=Path(spec.certificate_file or ""),
            key_file=Path(spec.key_file or ""),
            chain_file=Path(spec.chain_file) if spec.chain_file else None,
            password=_key_password(spec, credentials),
            hash_name=spec.signature_hash,
        )
    if spec.kind == "folder":
        from pytest_cucmtls.ca.hand_over_folder import HandOverFolder

        return HandOverFolder(
            Path(spec.folder or ""),
            chain_file=Path(spec.chain_file) if spec.chain_file else None,
            password=_key_password(spec, credentials),
        )
    if spec.kind == "certsrv":
        return _open_web_enrolment(spec, credentials)
    if spec.kind == EXISTING:
        from pytest_cucmtls.ca.existing import ExistingCertificates

        return ExistingCertificates(Path(spec.chain_file or ""))
    from pytest_cucmtls.ca.embedded import EmbeddedAuthority

    return EmbeddedAuthority(
        Path(spec.folder) if spec.folder else private_folder / "authority",
        key_length=spec.key_length,
        hash_name=spec.signature_hash,
        with_intermediate=spec.with_intermediate,
    )


def _key_password(spec: AuthoritySpec, credentials: Credentials) -> Secret | None:
    return credentials.password(Account("the CA key", spec.key_password_variable)) if spec.key_password_variable else None


def _open_web_enrolment(spec: AuthoritySpec, credentials: Credentials) -> CertificateAuthority:
    from pytest_cucmtls.ca.enrolment_http import EnrolmentSession
    from pytest_cucmtls.ca.web_enrolment import WebEnrolment

    session = EnrolmentSession(
        spec.url or "",
        spec.account.user if spec.account else None,
        credentials.password(spec.account) if spec.account else None,
        authentication=spec.authentication,
        ca_bundle=spec.ca_bundle,
    )
    return WebEnrolment(session, template=spec.template)


@contextmanager
def open_run(inventory: Inventory, folder: Path, credentials: Credentials, progress: Callable[[str], None]) -> Iterator[Run]:
    """A run over the inventory's clusters; its cluster sessions are closed on leaving.

    Only a run in mode APPLY gets clusters with writing methods and an authority that signs; one whose inventory allows it may
    at least reset the trunks; the declared chain of existing
    certificates is known to every run.
    """
    applies = inventory.mode is Mode.APPLY
    kept = RunFolder(folder)
    private = folder / "private"
    authority = None
    if applies:
        private.mkdir(parents=True, exist_ok=True, mode=0o700)
    if applies or inventory.authority.kind == EXISTING:
        authority = open_authority(inventory.authority, private, credentials)

    def log(interface: str, operation: str, asked: bytes, got: bytes) -> None:
        if interface == "dime":
            return  # its answers are whole files: those that matter are kept as items of their own
        kept.keep(
            b"<!-- request -->\n" + asked + b"\n<!-- answer -->\n" + got,
            kind="soap_exchange",
            interface=interface,
            operation=operation,
            media_type="text/xml",
            attributes={"step": run.step},
        )

    kind = ClusterWriter if applies else ClusterResetter if inventory.reset_trunks else ClusterReader
    first, second = (kind(spec, credentials, log, progress) for spec in inventory.clusters)
    run = Run(inventory, kept, (first, second), authority, Journal(folder / "journal.jsonl"), progress, gates=gates_of(inventory))
    try:
        yield run
    finally:
        run.keep_transcripts()
        for cluster in run.clusters:
            cluster.close()
