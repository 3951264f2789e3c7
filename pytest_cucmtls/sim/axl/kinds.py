"""What an AXL object kind is: its elements, keys, searches, and the operations that exist for it since which version."""

from dataclasses import dataclass

from pytest_cucmtls.sim.axl.fields import VERSIONS, Field

FIVE = ("add", "get", "update", "list", "remove")
_UNIQUE_INDEX = "Could not insert new row - duplicate value in a UNIQUE INDEX column (Unique Index:)."


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """One kind of object; `kind` is the wrapper element and the database table, `type_name` the operations' suffix."""

    kind: str
    type_name: str
    fields: tuple[Field, ...]
    verbs: tuple[tuple[str, str], ...]
    """(verb, first schema version)."""
    searches: tuple[str, ...] = ("name",)
    """Criteria of list; one that came later has its first version behind a blank."""
    identity: tuple[str, ...] = ("name",)
    missing_by_uuid: str = "null"
    """The word after "The specified" when a uuid is unknown."""
    duplicate_code: int = -239
    duplicate_message: str = _UNIQUE_INDEX

    def fields_of(self, version: str, view: str) -> tuple[Field, ...]:
        """Elements of a view (``add get update list``) in schema order."""
        return tuple(field for field in self.fields if field.exists(version, view))

    def field(self, name: str) -> Field:
        """An element by name. Raises: KeyError."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def criteria(self, version: str) -> tuple[str, ...]:
        """Search criteria of a schema version in schema order."""
        known = {name: first or VERSIONS[0] for name, _, first in (entry.partition(" ") for entry in self.searches)}
        place = VERSIONS.index(version)
        return tuple(
            field.name
            for field in self.fields_of(version, "list")
            if field.name in known and VERSIONS.index(known[field.name]) <= place
        )

    def has(self, verb: str, version: str) -> bool:
        """Whether the operation exists in a schema version."""
        return any(known == verb and VERSIONS.index(since) <= VERSIONS.index(version) for known, since in self.verbs)


def always(*verbs: str) -> tuple[tuple[str, str], ...]:
    """Operations that every schema version has."""
    return tuple((verb, VERSIONS[0]) for verb in verbs)


def since(version: str, *verbs: str) -> tuple[tuple[str, str], ...]:
    """Operations that came with a schema version."""
    return tuple((verb, version) for verb in verbs)
