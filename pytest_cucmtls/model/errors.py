"""Everything this package raises, in one tree.

    CucmTlsError
    ├── ConfigurationInvalid     the inventory, an option or a policy file is wrong      file, key, line
    ├── ClusterUnreachable       no TCP, TLS or SSH to an interface                      interface, address, port
    ├── PeerNotVerified          TLS certificate or SSH host key is not the expected one interface, address, fingerprint
    ├── CredentialsRefused       the interface answered "who are you?"                   interface, address, user
    ├── InterfaceRefused         the cluster understood and said no                      interface, operation, code, detail
    ├── UnexpectedAnswer         we could not read the answer                            interface, operation, excerpt
    ├── AnswerTimedOut           nothing (more) came within the limit                    interface, operation, seconds
    ├── CertificateAuthorityRefused  a CA denied, stayed silent or answered nonsense     authority, request_id, detail
    ├── UnsafeToAct              going on could do damage; nothing was changed           step, detail
    │   └── CertificatesAwaited  an authority has not issued what was handed in yet      authority, waiting, resume
    ├── FileUnreadable           no such file, or not what it claims to be               path, detail
    └── NoEvidence               a check asked for a fact nobody gathered                fact, why, collect

Each message says what was tried, what came back, and what to do next. Errors are plain classes with named
attributes; they are raised, never returned, and never shared between raises.
"""


class CucmTlsError(Exception):
    """Root of the tree; `remedy` is the next thing a tired engineer should do (may be empty)."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(f"{message}. {remedy}" if remedy and not message.endswith(".") else f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class ConfigurationInvalid(CucmTlsError):
    """The inventory, an option or a policy file is wrong; `line` is 1-based, 0 when unknown."""

    def __init__(self, file: str, key: str, problem: str, *, line: int = 0, remedy: str = "") -> None:
        place = f"{file}, line {line}" if line else file
        super().__init__(f"{place}: {key}: {problem}" if key else f"{place}: {problem}", remedy=remedy)
        self.file, self.key, self.problem, self.line = file, key, problem, line


class ClusterUnreachable(CucmTlsError):
    """No TCP, TLS or SSH connection to an interface of a node."""

    def __init__(self, interface: str, address: str, port: int, detail: str, *, remedy: str = "") -> None:
        super().__init__(
            f"{interface} at {address}:{port} cannot be reached: {detail}",
            remedy=remedy or "Check the address in the inventory, the route to the node and that the service is activated.",
        )
        self.interface, self.address, self.port, self.detail = interface, address, port, detail


class PeerNotVerified(CucmTlsError):
    """The TLS certificate or SSH host key presented is not the one the inventory vouches for."""

    def __init__(self, interface: str, address: str, fingerprint: str, detail: str, *, remedy: str = "") -> None:
        super().__init__(f"{interface} at {address} is not verified: {detail} (presented {fingerprint})", remedy=remedy)
        self.interface, self.address, self.fingerprint, self.detail = interface, address, fingerprint, detail


class CredentialsRefused(CucmTlsError):
    """User name or password refused, or the account lacks the role."""

    def __init__(self, interface: str, address: str, user: str, detail: str = "", *, remedy: str = "") -> None:
        super().__init__(
            f"{interface} at {address} refused user {user!r}" + (f": {detail}" if detail else ""),
            remedy=remedy or "Check the password in the environment variable the inventory names, and the account's roles.",
        )
        self.interface, self.address, self.user = interface, address, user


class InterfaceRefused(CucmTlsError):
    """The cluster understood the request and said no; `code` is the interface's own (AXL code, HTTP status, "")."""

    def __init__(self, interface: str, operation: str, code: str, detail: str, *, remedy: str = "") -> None:
        super().__init__(
            f"{interface} {operation} was refused ({code}): {detail}"
            if code
            else f"{interface} {operation} was refused: {detail}",
            remedy=remedy,
        )
        self.interface, self.operation, self.code, self.detail = interface, operation, code, detail


class UnexpectedAnswer(CucmTlsError):
    """The answer could not be read; `excerpt` holds its beginning, at most 200 characters."""

    def __init__(self, interface: str, operation: str, excerpt: str, detail: str = "", *, remedy: str = "") -> None:
        super().__init__(
            f"{interface} {operation}: answer not understood{': ' + detail if detail else ''}: {excerpt[:200]!r}",
            remedy=remedy,
        )
        self.interface, self.operation, self.excerpt, self.detail = interface, operation, excerpt[:200], detail


class AnswerTimedOut(CucmTlsError):
    """Nothing, or not enough, came back within `seconds`."""

    def __init__(self, interface: str, operation: str, seconds: float, *, remedy: str = "") -> None:
        super().__init__(f"{interface} {operation}: no answer within {seconds:g} s", remedy=remedy)
        self.interface, self.operation, self.seconds = interface, operation, seconds


class CertificateAuthorityRefused(CucmTlsError):
    """A certificate authority denied the request, stayed silent, or answered something else than a certificate."""

    def __init__(self, authority: str, request_id: str, detail: str, *, remedy: str = "") -> None:
        super().__init__(f"certificate authority {authority}, request {request_id}: {detail}", remedy=remedy)
        self.authority, self.request_id, self.detail = authority, request_id, detail


OUTSIDE_THE_STEPS = ("0", "any")
"""What UnsafeToAct says for a stop that belongs to no step of the procedure."""


class UnsafeToAct(CucmTlsError):
    """Acting would be unsafe (outcome BLOCKED): nothing was changed."""

    def __init__(self, step: str, detail: str, *, remedy: str = "") -> None:
        place = f"step {step}: " if step not in OUTSIDE_THE_STEPS else ""
        super().__init__(f"{place}stopped before any change: {detail}", remedy=remedy)
        self.step, self.detail = step, detail


class CertificatesAwaited(UnsafeToAct):
    """An authority has not issued everything yet: the run stops here, and `resume` is the command that continues it."""

    def __init__(self, step: str, authority: str, waiting: tuple[str, ...], *, advice: str, resume: str) -> None:
        count = f"{len(waiting)} certificate{'s' if len(waiting) > 1 else ''}"
        detail = f"waiting for {count} of {authority}: {'; '.join(waiting)}"
        CucmTlsError.__init__(self, detail, remedy=f"{advice} Then continue with `{resume}`.".strip())
        self.step, self.detail = step, detail
        self.authority, self.waiting, self.resume = authority, waiting, resume


class FileUnreadable(CucmTlsError):
    """No such file, or it is not what it claims to be."""

    def __init__(self, path: str, detail: str, *, remedy: str = "") -> None:
        super().__init__(f"{path}: {detail}", remedy=remedy)
        self.path, self.detail = path, detail


class NoEvidence(CucmTlsError):
    """A check asked for a fact nobody gathered; the register turns it into INCONCLUSIVE."""

    def __init__(self, fact: str, why: str, *, collect: str, remedies: tuple[str, ...] = ()) -> None:
        super().__init__(f"no evidence of {fact}: {why}", remedy=collect)
        self.fact, self.why, self.collect, self.remedies = fact, why, collect, remedies
