"""The pages of the simulated web enrolment: the sentences public clients look for, in markup of our own around them."""

from html import escape

from pytest_cucmtls.sim.certsrv.authority import EnrolmentRequest
from pytest_cucmtls.sim.provenance import Behaviour, Provenance

BEHAVIOURS = (
    Behaviour(
        "AD CS web enrolment",
        "submission: form fields; issued, pending and denied are told by the link to certnew.cer, 'Certificate Pending' with "
        "'Your Request Id is', and 'The disposition message is'",
        Provenance.SPECIFIED,
        "the public clients certsrv 2.1.1 and adcs-issuer",
    ),
    Behaviour(
        "AD CS web enrolment",
        "certnew.cer answers with the certificate, else with a page with 'Disposition message:' and 'LastStatus:'",
        Provenance.SPECIFIED,
        "the public clients certsrv 2.1.1 and adcs-issuer",
    ),
    Behaviour(
        "AD CS web enrolment",
        "media types are those of certificates for browsers only",
        Provenance.SPECIFIED,
        "the public client certsrv 2.1.1",
    ),
    Behaviour(
        "AD CS web enrolment",
        "certcarc.asp says nRenewals; certnew.p7b hands out the chain, in Base-64 under the label CERTIFICATE",
        Provenance.SPECIFIED,
        "the public client certsrv 2.1.1; reports of several users for the label",
    ),
    Behaviour("AD CS web enrolment", "all other markup and prose of the pages", Provenance.ASSUMED, "own wording"),
    Behaviour(
        "AD CS web enrolment",
        "error codes 0x80094800, 0x80094012, 0x80094801, 0x80094811 in the disposition message",
        Provenance.ASSUMED,
        "codes of the Windows SDK; the sentences around them are our own",
    ),
    Behaviour(
        "AD CS web enrolment",
        "a standalone authority keeps every request pending and takes no template",
        Provenance.SPECIFIED,
        "Microsoft's documentation of pending requests",
    ),
)


def welcome() -> str:
    """The front page."""
    return _page(
        "Welcome", "<p>Request a certificate, look at a pending request, or fetch the certificates of this authority.</p>"
    )


def submitted(made: EnrolmentRequest) -> str:
    """The answer to a submission."""
    if made.disposition == "issued":
        link = f"certnew.cer?ReqID={made.number}&amp;Enc="
        script = f'<script>function fetchIt(enc) {{ location = "certnew.cer?ReqID={made.number}&Enc=" + enc; }}</script>'
        return _page(
            "Certificate Issued",
            f'{script}<p>Your certificate is ready: <a href="{link}b64">Base 64</a>, <a href="{link}bin">DER</a></p>',
        )
    if made.disposition == "pending":
        text = f"<p>An administrator has to issue it. Your Request Id is {made.number}.</p><p>Come back in a day or two.</p>"
        return _page("Certificate Pending", text)
    said = escape(made.message, quote=False)
    text = f'<p>Your Request Id is {made.number}. The disposition message is "{said}".</p>'
    return _page("Certificate Request Denied", f"<p>Your certificate request was denied.</p>{text}")


def not_a_request() -> str:
    """What a form without a usable request gets."""
    said = "Error Parsing Request  ASN1 bad tag value met. 0x8009310b (ASN: 267)"
    return _page(
        "Certificate Request Denied", f'<p>Your certificate request was denied.</p><p>The disposition message is "{said}".</p>'
    )


def disposition(made: EnrolmentRequest) -> str:
    """What stands in for a certificate that is not there."""
    status = "The operation completed successfully. 0x0" if made.disposition == "pending" else "0x80094014 (-2146877420)"
    rows = "".join(
        f"<tr><td>{name}:</td><td>\r\n\t\t{escape(text)}\r\n</td></tr>"
        for name, text in (("Disposition message", made.message), ("LastStatus", status))
    )
    return _page("Error", f"<p>No certificate can be handed out.</p><table>{rows}</table>")


def no_such_request() -> str:
    """A number the authority never gave."""
    said = "The request was not found. 0x80094004 (-2146877436)"
    return _page("Error", f"<table><tr><td>Disposition message:</td><td>\r\n\t\t{said}\r\n</td></tr></table>")


def authority_certificates(renewals: int) -> str:
    """certcarc.asp: how often the CA's certificate was renewed."""
    return _page("Download a CA Certificate", f"<script>var nRenewals={renewals};\r\nvar sCertSrv='ca';</script>")


def _page(title: str, body: str) -> str:
    return (
        "<html><head><title>Active Directory Certificate Services</title></head><body>"
        f"<p id=locPageTitle><b>{title}</b></p>\r\n{body}\r\n</body></html>"
    )
