"""The README.txt of a hand-over folder: what the person with the CA has to do, and how each request stands."""

from collections.abc import Iterable

README = "README.txt"
_TEXT = """\
Certificate requests of Unified CM nodes, to be signed by your certificate authority
====================================================================================

1. Have every .csr file of this folder signed. The certificate must
     - keep the key, the subject and the alternative names of the request as they are,
     - carry the extended key usages serverAuth and clientAuth (Microsoft's stock "Web Server" template lacks clientAuth),
     - carry the key usages digitalSignature and keyEncipherment,
     - not be a CA certificate.
   Microsoft: certreq -submit -attrib "CertificateTemplate:<template>" <file>.csr, or the page /certsrv of the CA.
   OpenSSL:   openssl x509 -req -in <file>.csr -CA ca.pem -CAkey ca.key -copy_extensions copyall -days 365 -out <any name>.pem
2. Put the certificates into this folder, under any name: PEM, DER, .cer, .p7b, PKCS#12 without key, or a ZIP of these.
   Each is recognised by its public key; the file name does not matter, and files that do not belong here are passed over.
3. Put the certificates of the CA into this folder as well: the root and every intermediate.
4. Run the same command again with --cucm-run and the same run folder: it goes on where it waited, days later if need be.

Never put a private key here: the nodes' keys stay on the nodes, yours stays with the CA.
"""


def instructions(requests: Iterable[tuple[str, str, str]]) -> str:
    """The text, with one line per (file, subject, state of the request)."""
    lines = [f"  {file}\n      {subject}\n      {_STATES[state]}\n" for file, subject, state in requests]
    return _TEXT + "\nRequests in this folder\n-----------------------\n" + ("".join(lines) or "  none yet\n")


_STATES = {"pending": "waits for its certificate", "issued": "its certificate is here", "denied": "denied"}
