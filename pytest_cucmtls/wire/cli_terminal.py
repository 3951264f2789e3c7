"""What a terminal would show of the bytes a CLI session received: no escapes, no pager, no carriage returns."""

import re

PAGER = "Press <enter> for 1 line, <space> for one page, or <q> to quit"
"""Platform CLI pager line (netmiko reports and Cisco scripts; platform.md §3.2)."""

_ERASE_LINE = "\x1b[K"
_ESCAPE = re.compile(
    r"\x1b\[(?P<arguments>[0-?]{0,32})[ -/]{0,4}(?P<final>[@-~])"  # CSI
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC
    r"|\x1b[ -/]{0,4}[0-Z\\-~]"  # two characters and character sets
    r"|\x1b\Z"
)
_PAGER = re.compile(re.escape(PAGER) + r"(?:(?:\x1b\[K|[\b ])*\r(?!\n))*(?:\x08+ *\x08*)?(?:\x1b\[K)?(?: *\r*\n)?")
_CONTROL = re.compile(r"[\r\x08\x1b]")
_UNPRINTABLE = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")


def render_terminal(data: bytes) -> str:
    """Text with ``\\n`` line ends as it would stand on an endlessly wide screen; the pager's own line is left out.

    Carriage returns and backspaces overwrite, ``ESC [ K`` erases to the end of the line, every other escape sequence
    vanishes. Undecodable bytes become U+FFFD. Never raises.
    """
    text = _ESCAPE.sub(_keep_erase, data.decode("utf-8", "replace"))
    text = _UNPRINTABLE.sub("", text)
    text = _PAGER.sub("", text)
    return "\n".join(_shown(line) for line in text.split("\n"))


def plain(text: str) -> str:
    """Text as it would be shown, for parsers that may be given raw session bytes as text; plain text comes back as it is."""
    return render_terminal(text.encode("utf-8", "replace")) if _CONTROL.search(text) else text


def last_line(text: str) -> str:
    """The unfinished line at the end, where a prompt or a question stands."""
    return text.rpartition("\n")[2]


def _keep_erase(match: re.Match[str]) -> str:
    return _ERASE_LINE if match["final"] == "K" else ""


def _shown(line: str) -> str:
    """One line after its overwriting characters did their work."""
    line = line.rstrip("\r")
    if "\r" not in line and "\b" not in line and "\x1b" not in line:
        return line
    cells: list[str] = []
    column = 0
    for piece in re.split(r"(\r|\x08|\x1b\[K|\x1b)", line):
        if piece == "\r":
            column = 0
        elif piece == "\b":
            column = max(0, column - 1)
        elif piece == _ERASE_LINE:
            del cells[column:]
        elif piece != "\x1b":
            cells[column : column + len(piece)] = piece
            column += len(piece)
    return "".join(cells)
