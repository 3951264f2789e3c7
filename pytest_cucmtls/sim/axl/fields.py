"""What one element of an AXL object is: its type, since which schema version it exists, what CUCM answers when it was not sent.

The tables in kinds_*.py are made of these; requests, answers and the published XSD are all derived from them.
"""

from dataclasses import dataclass
from enum import Enum

VERSIONS = ("9.0", "9.1", "10.0", "10.5", "11.0", "11.5", "12.0", "12.5", "14.0", "15.0")
"""Schema versions known here, oldest first."""

Unset = str | int | bool | None


class Form(Enum):
    """How a field's content is read and written."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    LINK = "link"
    CHOICE = "choice"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Field:
    """One element.

    `target` is the referenced object kind of a LINK ("" when that kind is not simulated) or the enumeration of a CHOICE.
    `absent` names the views (``add get update list``) without the element; `required` concerns ``add`` only.
    `unset` is the value answered when it was never sent. `at_most` > 1 makes the element repeat (0: without limit).
    A wrapper that is `replaced_whole` has no add… and remove… elements in an update.
    """

    name: str
    form: Form
    size: int = 0
    target: str = ""
    required: bool = False
    nillable: bool = False
    default: str = ""
    unset: Unset = ""
    since: str = "9.0"
    until: str = "15.0"
    absent: str = ""
    children: tuple["Field", ...] = ()
    at_most: int = 1
    alternatives: bool = False
    attribute: str = ""
    never_answered: bool = False
    replaced_whole: bool = False

    def exists(self, version: str, view: str) -> bool:
        """Whether the element is part of a view in a schema version."""
        place = VERSIONS.index(version)
        return VERSIONS.index(self.since) <= place <= VERSIONS.index(self.until) and view not in self.absent.split()

    @property
    def repeats(self) -> bool:
        """The element may occur more than once."""
        return self.at_most != 1

    @property
    def holds_list(self) -> bool:
        """A wrapper around a repeating element, such as ``destinations``."""
        return len(self.children) == 1 and self.children[0].repeats


def text(
    name: str,
    size: int = 0,
    *,
    required: bool = False,
    nillable: bool = False,
    default: str = "",
    unset: str | None = None,
    since: str = "9.0",
    until: str = "15.0",
    absent: str = "",
    attribute: str = "",
    at_most: int = 1,
    never_answered: bool = False,
) -> Field:
    """Character data of at most `size` characters (0: no limit); `attribute` is a boolean one beside it."""
    kept = default if unset is None else unset
    return Field(
        name,
        Form.TEXT,
        size,
        "",
        required,
        nillable,
        default,
        kept,
        since,
        until,
        absent,
        attribute=attribute,
        at_most=at_most,
        never_answered=never_answered,
    )


def number(
    name: str,
    default: int | None = None,
    *,
    required: bool = False,
    nillable: bool = False,
    unset: int | None = None,
    since: str = "9.0",
    until: str = "15.0",
    absent: str = "",
    attribute: str = "",
) -> Field:
    """An integer or nothing."""
    written = "" if default is None else str(default)
    kept = default if unset is None else unset
    return Field(
        name, Form.NUMBER, 0, "", required, nillable, written, kept, since, until, absent, attribute=attribute
    )  # fmt: skip


def flag(
    name: str,
    default: bool | None = None,
    *,
    required: bool = False,
    unset: bool | None = None,
    since: str = "9.0",
    until: str = "15.0",
    absent: str = "",
    never_answered: bool = False,
) -> Field:
    """AXL's boolean."""
    written = "" if default is None else str(default).lower()
    kept = bool(default) if unset is None else unset
    return Field(
        name, Form.FLAG, 0, "", required, False, written, kept, since, until, absent, never_answered=never_answered
    )  # fmt: skip


def link(
    name: str,
    target: str = "",
    *,
    required: bool = False,
    nillable: bool = True,
    since: str = "9.0",
    until: str = "15.0",
    absent: str = "",
    never_answered: bool = False,
    unset: str = "",
) -> Field:
    """A reference to another object by name, with an optional uuid attribute."""
    return Field(
        name, Form.LINK, 0, target, required, nillable, "", unset, since, until, absent, never_answered=never_answered
    )  # fmt: skip


def choice(
    name: str,
    target: str,
    default: str = "",
    *,
    required: bool = False,
    nillable: bool = False,
    unset: str | None = None,
    since: str = "9.0",
    until: str = "15.0",
    absent: str = "",
) -> Field:
    """One literal of an enumeration."""
    kept = default if unset is None else unset
    return Field(name, Form.CHOICE, 0, target, required, nillable, default, kept, since, until, absent)


def group(
    name: str,
    *children: Field,
    required: bool = False,
    since: str = "9.0",
    until: str = "15.0",
    absent: str = "",
    alternatives: bool = False,
    at_most: int = 1,
    replaced_whole: bool = False,
) -> Field:
    """Nested elements; with `alternatives` the schema asks for one of them."""
    return Field(
        name,
        Form.GROUP,
        required=required,
        unset=None,
        since=since,
        until=until,
        absent=absent,
        children=children,
        at_most=at_most,
        alternatives=alternatives,
        replaced_whole=replaced_whole,
    )
