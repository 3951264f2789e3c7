"""A SOAP service in a few lines: operations and the structures they carry, in a short notation.

A field is written ``Name:type``; after the type ``?`` means it may be nil, ``*`` any number, ``+`` at least one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

BUILT_IN = frozenset({"string", "boolean", "integer", "int", "long", "byte", "unsignedInt", "base64Binary"})
"""Types of XML Schema; any other name is a structure or an enumeration of the service."""


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a structure."""

    name: str
    type_name: str
    nillable: bool = False
    least: int = 1
    unbounded: bool = False

    @classmethod
    def written(cls, text: str) -> Self:
        """From the notation above. Raises: ValueError when it is not of that form."""
        name, _, typed = text.partition(":")
        type_name = typed.rstrip("?*+")
        if not name or not type_name:
            raise ValueError(f"{text!r} is not Name:type")
        marks = typed[len(type_name) :]
        return cls(name, type_name, "?" in marks, 0 if "*" in marks else 1, "*" in marks or "+" in marks)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: the fields of its request element and of its response element."""

    name: str
    request: tuple[str, ...]
    response: tuple[str, ...]
    answered_as: str = ""
    """Operation whose response element is used; empty: its own."""
    bare: bool = False
    """The only field of each direction is the body element itself, without a wrapper around it."""

    @property
    def response_element(self) -> str:
        """Local name of the body element of an answer."""
        return f"{self.answered_as or self.name}Response"


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """Everything a WSDL says."""

    name: str
    path: str
    namespace: str
    port_type: str
    binding: str
    port: str
    operations: tuple[Operation, ...]
    structures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    enumerations: Mapping[str, str] = field(default_factory=dict)
    """Name to its literals, separated by blanks."""
    texts: tuple[str, ...] = ()
    """Structures that are a string and nothing else (simple content)."""
    encoded: bool = False
    """rpc/encoded instead of document/literal."""
