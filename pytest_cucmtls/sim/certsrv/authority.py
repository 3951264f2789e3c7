"""The certificate authority behind the simulated pages: root, issuing CA, templates, requests and what became of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from pytest_cucmtls.model.certificates import CLIENT_AUTH, SERVER_AUTH, DistinguishedName
from pytest_cucmtls.wire.x509_sign import SigningKey, generate_key, library_name, self_signed, sign_certificate

ROOT_NAME = DistinguishedName((("DC", "example"), ("DC", "corp"), ("CN", "Corp Root CA")))
ISSUING_NAME = DistinguishedName((("DC", "example"), ("DC", "corp"), ("CN", "Corp Issuing CA")))
BACK_DATED = timedelta(minutes=10)
_CA_LIFETIME, _LIFETIME = timedelta(days=3650), timedelta(days=730)
_UNKNOWN_TEMPLATE = (
    "Denied by Policy Module  The request was for a certificate template that is not supported by the "
    "Active Directory Certificate Services policy: {template}. "
    "The requested certificate template is not supported by this CA. 0x80094800 (-2146875392)"
)
_NOT_PERMITTED = (
    "Denied by Policy Module  0x80094012, The permissions on the certificate template do not allow the current user "
    "to enroll for this type of certificate."
)
_NO_TEMPLATE = (
    "Denied by Policy Module  0x80094801, The request does not contain a certificate template extension or the "
    "CertificateTemplate request attribute."
)
_SHORT_KEY = "Denied by Policy Module  0x80094811, The public key does not meet the minimum size required by the template."


@dataclass(frozen=True, slots=True)
class Template:
    """A certificate template: what it puts into certificates and who may have one."""

    name: str
    extended_key_usage: tuple[str, ...] = (SERVER_AUTH, CLIENT_AUTH)
    users: frozenset[str] | None = None
    """Accounts that may enrol, lower case; None: everybody who can sign in."""
    needs_approval: bool = False
    smallest_key_bits: int = 1024
    copies_alternative_names: bool = True


TEMPLATES = (
    Template("CUCMTrunk"),
    Template("WebServer", extended_key_usage=(SERVER_AUTH,)),
    Template("CUCMApproved", needs_approval=True),
    Template("CUCMStrong", smallest_key_bits=4096),
    Template("Restricted", users=frozenset({"corp\\somebodyelse"})),
    Template("NoNames", copies_alternative_names=False),
)
"""*WebServer* is Microsoft's stock template without clientAuth; the others are copies an administrator would make."""


@dataclass(slots=True)
class EnrolmentRequest:
    """A request and its disposition: ``issued``, ``pending`` or ``denied``."""

    number: int
    request: x509.CertificateSigningRequest
    template: Template | None
    requester: str
    disposition: str = "pending"
    message: str = "Taken Under Submission"
    certificate: bytes = b""


@dataclass(slots=True)
class EnterpriseAuthority:
    """An enterprise CA (templates), or a standalone one when `templates` is empty: then every request waits for a person."""

    templates: tuple[Template, ...] = TEMPLATES
    with_intermediate: bool = True
    approves_by_hand: bool = False
    """Every request waits for the CA's administrator, whatever its template says."""
    key_length: int = 2048
    requests: dict[int, EnrolmentRequest] = field(default_factory=dict)
    renewals: int = 0
    chain: tuple[bytes, ...] = field(init=False)
    """DER, issuing CA first."""
    _key: SigningKey = field(init=False)

    def __post_init__(self) -> None:
        since = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        root_key = generate_key(self.key_length)
        root = self_signed(
            root_key,
            ROOT_NAME,
            not_before=since,
            not_after=since + _CA_LIFETIME,
            serial_number=x509.random_serial_number(),
            extensions=_authority_extensions(root_key, None),
        )
        self.chain, self._key = (root,), root_key
        if self.with_intermediate:
            self._key = generate_key(self.key_length)
            self.chain = (_issuing_certificate(self._key, root, root_key, since), root)

    def submit(self, request: x509.CertificateSigningRequest, template_name: str, requester: str) -> EnrolmentRequest:
        """Number the request, and issue, deny or keep it as the template says."""
        number = max(self.requests, default=1) + 1
        template = next((one for one in self.templates if one.name.lower() == template_name.lower()), None)
        made = EnrolmentRequest(number, request, template, requester)
        self.requests[number] = made
        refusal = self._refusal(made, template_name)
        if refusal:
            made.disposition, made.message = "denied", refusal
        elif template is not None and not template.needs_approval and not self.approves_by_hand:
            self.issue(number)
        return made

    def issue(self, number: int) -> None:
        """What the administrator does in Pending Requests. Raises: KeyError."""
        made = self.requests[number]
        if made.disposition != "issued":
            made.certificate = self._sign(made)
            made.disposition, made.message = "issued", "Issued"

    def deny(self, number: int, by: str = "CORP\\caadmin") -> None:
        """The administrator says no. Raises: KeyError."""
        made = self.requests[number]
        made.disposition, made.message = "denied", f"Denied by {by}"

    def _refusal(self, made: EnrolmentRequest, template_name: str) -> str:
        if not self.templates:
            return ""
        if not template_name:
            return _NO_TEMPLATE
        template = made.template
        if template is None:
            return _UNKNOWN_TEMPLATE.format(template=template_name)
        if template.users is not None and made.requester.lower() not in template.users:
            return _NOT_PERMITTED
        key = made.request.public_key()
        return _SHORT_KEY if isinstance(key, rsa.RSAPublicKey) and key.key_size < template.smallest_key_bits else ""

    def _sign(self, made: EnrolmentRequest) -> bytes:
        issuer = x509.load_der_x509_certificate(self.chain[0])
        since = datetime.now(UTC).replace(microsecond=0) - BACK_DATED
        builder = x509.CertificateBuilder(
            issuer_name=issuer.subject,
            subject_name=made.request.subject,
            public_key=made.request.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=since,
            not_valid_after=since + _LIFETIME,
        )
        for value, critical in _leaf_extensions(made, issuer):
            builder = builder.add_extension(value, critical)
        return sign_certificate(builder, self._key)


def read_request(text: str) -> x509.CertificateSigningRequest | None:
    """The PKCS#10 request of the form field, with or without armour; None when it is none."""
    body = text.strip()
    if not body.startswith("-----BEGIN"):
        body = f"-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----"
    try:
        request = x509.load_pem_x509_csr(body.encode("ascii", "replace"))
        return request if request.is_signature_valid else None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _leaf_extensions(made: EnrolmentRequest, issuer: x509.Certificate) -> list[tuple[x509.ExtensionType, bool]]:
    template = made.template or Template("standalone")
    found: list[tuple[x509.ExtensionType, bool]] = [(_key_usage(("digital_signature", "key_encipherment")), True)]
    if template.extended_key_usage:
        usages = [x509.ObjectIdentifier(one) for one in template.extended_key_usage]
        found.append((x509.ExtendedKeyUsage(usages), False))
    if template.copies_alternative_names:
        asked = [one for one in made.request.extensions if isinstance(one.value, x509.SubjectAlternativeName)]
        found += [(one.value, False) for one in asked]
    issuer_identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return [
        *found,
        (x509.SubjectKeyIdentifier.from_public_key(made.request.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_identifier), False),
    ]


def _issuing_certificate(key: SigningKey, root: bytes, root_key: SigningKey, since: datetime) -> bytes:
    parent = x509.load_der_x509_certificate(root)
    builder = x509.CertificateBuilder(
        issuer_name=parent.subject,
        subject_name=library_name(ISSUING_NAME),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=since,
        not_valid_after=since + _CA_LIFETIME / 2,
    )
    for value, critical in _authority_extensions(key, 0):
        builder = builder.add_extension(value, critical)
    identifier = parent.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    return sign_certificate(builder, root_key)


def _authority_extensions(key: SigningKey, path_length: int | None) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    return (
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_key_usage(("digital_signature", "key_cert_sign", "crl_sign")), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    )


def _key_usage(names: tuple[str, ...]) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="digital_signature" in names,
        content_commitment=False,
        key_encipherment="key_encipherment" in names,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign="key_cert_sign" in names,
        crl_sign="crl_sign" in names,
        encipher_only=False,
        decipher_only=False,
    )
