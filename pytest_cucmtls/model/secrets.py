"""A secret that does not print itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A password, key or token; only `reveal()` gives the text, so every use can be found by searching for it."""

    _text: str

    def reveal(self) -> str:
        """The secret itself, for the moment it goes onto the wire."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._text)
