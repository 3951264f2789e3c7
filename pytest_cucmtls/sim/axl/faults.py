"""What the AXL service says when it refuses: SOAP faults with an axlError, and the odd one of the web service engine."""


class AxlFault(Exception):
    """A SOAP fault; `faultcode` is ``Server`` or ``Client`` as real answers have it for the code."""

    def __init__(self, code: int, message: str, faultcode: str = "Client") -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.faultcode = code, message, faultcode


class OperationNotFound(Exception):
    """No such operation in this schema version (or at all)."""


class NotUnderstood(Exception):
    """The body is not XML, not SOAP, or of a schema version this release does not serve: an HTML page with status 599."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def item_not_valid(what: str) -> AxlFault:
    """RECORDED (12.5): get or remove of something that is not there."""
    return AxlFault(5007, f"Item not valid: The specified {what} was not found", "Server")


def missing_reference(constraint: str) -> AxlFault:
    """SPECIFIED by community reports; the constraint's name is ASSUMED."""
    return AxlFault(-691, f"Missing key in referenced table for referential constraint (informix.{constraint})")


def still_referenced(constraint: str) -> AxlFault:
    """ASSUMED: Informix error 692 in the form AXL gives its siblings."""
    return AxlFault(-692, f"Key value for constraint (informix.{constraint}) is still being referenced.")


def null_column(column: str) -> AxlFault:
    """ASSUMED: Informix error 391 in the form AXL gives its siblings."""
    return AxlFault(-391, f"Cannot insert a null into column ({column}).")


def rule_violated(message: str) -> AxlFault:
    """A check of the database refused the row; the message is the rule's text."""
    return AxlFault(-746, message)


def invalid_literal(field: str, value: str) -> AxlFault:
    """ASSUMED wording: what a real server says to an unknown enumeration literal was not found."""
    return AxlFault(-746, f"Invalid value for {field}: {value[:100]}")
