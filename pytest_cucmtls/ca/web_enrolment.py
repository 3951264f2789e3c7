"""Microsoft AD CS through its web enrolment pages (/certsrv): submit, pending, issued or denied, retrieve, chain.

The one package for this on PyPI, certsrv, was last released in 2018; what it knows of the pages is in the platform facts.
"""

from collections.abc import Sequence

from pytest_cucmtls.ca.authority import RequestState
from pytest_cucmtls.ca.chains import ordered_chain
from pytest_cucmtls.ca.enrolment_http import INTERFACE, EnrolmentAnswer, EnrolmentSession
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, FileUnreadable, UnexpectedAnswer
from pytest_cucmtls.wire.enrolment_pages import EnrolmentPage, PageState, parse_disposition, parse_renewals, parse_submission
from pytest_cucmtls.wire.html_text import plain_text
from pytest_cucmtls.wire.x509 import parse_certificates, pem_of

_PAGE = "text/html"
_REMEDIES = {
    "0x80094800": "Publish the template on this CA, and give its name, not its display name, as authority.template.",
    "0x80094012": "Give the account Read and Enroll on the template, or choose another authority.template.",
    "0x80094801": "This is an enterprise CA: name a template as authority.template.",
    "0x80094001": "The template does not take the subject from the request: it must say 'Supply in the request'.",
    "0x80094811": "The template demands a longer key: raise key_length of the clusters.",
    "0x800706ba": "The CA service is not running or not reachable from its web server: start certsvc, then run again.",
}
"""Codes of the certificate services (Microsoft, system error codes) and what to do about each."""
_NOT_UNDERSTOOD = (
    "Open {url} in a browser as {user}: is it Microsoft's web enrolment, in English? "
    'If the page cannot be helped, hand the requests over by hand: [authority] kind = "folder".'
)


class WebEnrolment:
    """Implements `CertificateAuthority` for one CA; request numbers are the CA's own, so any later process goes on with them.

    `template` is the template's name on an enterprise CA, None on a standalone one. Every method raises the errors of
    `EnrolmentSession`, CertificateAuthorityRefused with the authority's own words, and UnexpectedAnswer for a page that
    is none of Microsoft's.
    """

    def __init__(self, session: EnrolmentSession, *, template: str | None = None) -> None:
        self._session, self._template = session, template
        self._issued: dict[str, bytes] = {}
        self._denied: dict[str, str] = {}
        self._chain: tuple[bytes, ...] = ()

    @property
    def name(self) -> str:
        """How reports call it."""
        return f"AD CS {self._session.host}"

    def submit(self, request_pem: bytes, *, label: str) -> str:
        """Submit the request under the template. Raises: CertificateAuthorityRefused when it is denied at once."""
        del label  # the CA names requests by number
        attributes = f"CertificateTemplate:{self._template}\r\n" if self._template else ""
        answer = self._session.post(
            "certfnsh.asp",
            {
                "Mode": "newreq",
                "CertRequest": request_pem.decode("ascii", "replace"),
                "CertAttrib": attributes,
                "FriendlyType": "Saved-Request Certificate",
                "TargetStoreFlags": "0",
                "SaveCert": "yes",
            },
        )
        page = parse_submission(answer.body)
        if page.state is PageState.DENIED:
            raise self._refused(page.request_id or "(new)", page)
        if page.state is PageState.UNKNOWN:
            raise self._not_understood("submission", answer, page)
        return page.request_id

    def state(self, request_id: str) -> RequestState:
        """Where the request stands, asked of the CA while it is pending."""
        if request_id in self._issued:
            return "issued"
        if request_id in self._denied:
            return "denied"
        answer = self._session.get("certnew.cer", {"ReqID": _number(self.name, request_id), "Enc": "b64"})
        certificates = _certificates(answer)
        if certificates:
            self._issued[request_id] = pem_of(certificates[0].der).encode("ascii")
            return "issued"
        page = parse_disposition(answer.body)
        if page.state is PageState.PENDING:
            return "pending"
        if page.state is PageState.DENIED:
            self._denied[request_id] = page.message
            return "denied"
        if page.message:
            raise self._refused(request_id, page)
        raise self._not_understood(f"request {request_id}", answer, page)

    def issue(self, request_id: str) -> None:
        """The CA administrator's act (certsrv.msc, Pending Requests): nothing is done here."""
        _number(self.name, request_id)

    def retrieve(self, request_id: str) -> bytes:
        """The certificate in PEM. Raises: CertificateAuthorityRefused while pending, and when denied, with the reason."""
        state = self.state(request_id)
        if state == "denied":
            raise self._refused(request_id, EnrolmentPage(PageState.DENIED, request_id, self._denied[request_id]))
        if state == "pending":
            raise CertificateAuthorityRefused(self.name, request_id, "still pending", remedy=self.advice((request_id,)))
        return self._issued[request_id]

    def chain(self) -> tuple[bytes, ...]:
        """The CA's own newest certificate first, its root last; asked for once.

        Raises: CertificateAuthorityRefused; ClusterUnreachable, PeerNotVerified, CredentialsRefused of the server.
        """
        if not self._chain:
            renewal = str(parse_renewals(self._session.get("certcarc.asp", {}).body) or 0)
            query = {"ReqID": "CACert", "Renewal": renewal}
            own = self._authority_certificates("certnew.cer", query | {"Enc": "b64"})
            above = self._authority_certificates("certnew.p7b", query | {"Enc": "bin"})
            ordered = ordered_chain(own[0], above)
            if not ordered[-1].names_itself_as_issuer:
                detail = f"its chain ends in {ordered[-1].subject}; the certificate of {ordered[-1].issuer} is missing"
                remedy = "Install the root in the CA server's store of intermediate and trusted root authorities."
                raise CertificateAuthorityRefused(self.name, "(none)", detail, remedy=remedy)
            self._chain = tuple(certificate.der for certificate in ordered)
        return self._chain

    def advice(self, request_ids: Sequence[str]) -> str:
        """What the CA's administrator has to do."""
        commands = "; ".join(f"certutil -resubmit {one}" for one in request_ids)
        numbers = ", ".join(request_ids)
        return f"Have the administrator of {self.name} issue {numbers} (certsrv.msc, Pending Requests, Issue; or {commands})."

    def _authority_certificates(self, page: str, query: dict[str, str]) -> tuple[Certificate, ...]:
        answer = self._session.get(page, query)
        found = _certificates(answer)
        if not found:
            raise self._not_understood(page, answer, parse_disposition(answer.body))
        return found

    def _refused(self, request_id: str, page: EnrolmentPage) -> CertificateAuthorityRefused:
        remedy = next((text for code, text in _REMEDIES.items() if code in page.message.lower()), "")
        detail = f"denied: {page.message}" if page.state is PageState.DENIED else page.message
        return CertificateAuthorityRefused(self.name, request_id, detail, remedy=remedy or "Ask the administrator of the CA.")

    def _not_understood(self, operation: str, answer: EnrolmentAnswer, page: EnrolmentPage) -> UnexpectedAnswer:
        url = f"https://{self._session.host}:{self._session.port}/certsrv"
        remedy = _NOT_UNDERSTOOD.format(url=url, user=self._session.user or "yourself")
        said = page.message or plain_text(answer.body)
        return UnexpectedAnswer(
            INTERFACE, operation, said, f"a page of {answer.content_type} that says nothing known", remedy=remedy
        )


def _certificates(answer: EnrolmentAnswer) -> tuple[Certificate, ...]:
    """What an answer holds, decided by its content: servers name media types wrongly."""
    if answer.content_type == _PAGE and b"-----BEGIN" not in answer.body:
        return ()
    try:
        return tuple(one for one in parse_certificates(answer.body) if one.public_key_sha256)
    except FileUnreadable:
        return ()


def _number(authority: str, request_id: str) -> str:
    if not request_id.isascii() or not request_id.isdigit():
        raise CertificateAuthorityRefused(authority, request_id, "no such request: numbers of this CA are digits")
    return request_id
