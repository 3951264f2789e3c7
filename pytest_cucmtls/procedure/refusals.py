"""Why a change of a run is not made although the step would need it: nothing of it was begun."""

from pytest_cucmtls.model.errors import CucmTlsError, UnsafeToAct


class NotNow(UnsafeToAct):
    """The next change was refused before it was announced; what was done before it stands in the journal."""

    def __init__(self, step: int, detail: str, *, remedy: str = "") -> None:
        CucmTlsError.__init__(self, f"step {step}: stopped before the next change: {detail}", remedy=remedy)
        self.step, self.detail = str(step), detail
