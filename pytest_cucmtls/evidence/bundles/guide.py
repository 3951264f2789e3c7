"""The text that greets whoever opens a bundle with nothing but the bundle: what it is, how to check it, what to read first."""

GUIDE = "README.txt"


def guide_text(signer: str, sealed_at: str) -> str:
    """Names of clusters, people and places are left out, so that a redacted copy can carry the same text."""
    return f"""Sealed evidence about one SIP trunk over TLS between two Cisco Unified CM clusters.

Read first        reports/report.html    open it in any browser: it loads nothing from outside and runs no script
The verdicts      verdicts.json          and in other forms below reports/for-tools/
The evidence      raw/                   every file as it was received; raw/index.jsonl says what each one is

Is it as it was sealed, and by whom?     pip install pytest-cucmtls
                                         cucmtls bundle verify . --signer SIGNER.pub
   SIGNER.pub must come to you by another way than this bundle: a key inside a bundle vouches for nothing.
   Sealed {sealed_at} with the {signer}.

Does the evidence carry the verdicts?    cucmtls judge .            (judges everything again and lists what differs)
The report again, in French, as a PDF    cucmtls report . --lang fr --pdf ../report.pdf   (a bundle takes no further file)

What is signed    manifest.json lists every file with its SHA-256; statement.intoto.json names the manifest's SHA-256;
                  statement.dsse.json is the signature over the statement (statement.p7s the same as CMS, when present).
What is not       custody.jsonl goes on after the seal: its later lines are chained, but nobody signed them.
Time              the time of sealing is the sealer's clock, unless timestamp.tsr (RFC 3161) is here:
                  cucmtls bundle verify . --signer SIGNER.pub --tsa-root AUTHORITY.pem

Without any tool of ours                 sha256sum manifest.json    and compare with the subject in statement.intoto.json
"""
