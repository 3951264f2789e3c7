"""The report as a PDF: an installed Chromium prints the page, without a network and without a profile of its user."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.whole_files import write_atomically

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
"""Programs looked for on PATH, in this order."""
PRINT_SECONDS = 180.0
"""A page of a thousand verdicts takes some seconds."""


def find_browser(chosen: str | None = None) -> str:
    """The program that prints: `chosen` (a name or a path), or the first of `BROWSERS` on PATH. Raises: ConfigurationInvalid."""
    for name in (chosen,) if chosen else BROWSERS:
        if found := shutil.which(name):
            return found
    text = f"there is no program {chosen}" if chosen else f"none of {', '.join(BROWSERS)} is installed"
    remedy = "Install Chromium or Chrome, or open the HTML page in any browser and print it to a file."
    raise ConfigurationInvalid("the PDF", "", text, remedy=remedy)


def write_pdf(path: Path, page: str, browser: str | None = None) -> None:
    """Print an HTML page (one file, nothing from outside) on A4.

    Raises: ConfigurationInvalid without a browser; FileUnreadable when the browser fails or takes longer than `PRINT_SECONDS`.
    """
    program = find_browser(browser)
    with tempfile.TemporaryDirectory(prefix="cucmtls-pdf-") as place:
        source, printed = Path(place) / "report.html", Path(place) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        command = [program, *_options(Path(place) / "profile"), f"--print-to-pdf={printed}", source.as_uri()]
        _run(command, path)
        data = printed.read_bytes() if printed.exists() else b""
    if not data.startswith(b"%PDF-"):
        raise FileUnreadable(str(path), f"{program} printed nothing; the page itself is not affected")
    write_atomically(path, data)


def _options(profile: Path) -> list[str]:
    """Headless, no traces of the user's browser, no name resolved; a sandbox wherever there can be one."""
    options = [
        "--headless=new",
        "--disable-gpu",
        "--no-first-run",
        "--no-pdf-header-footer",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={profile}",
    ]
    return [*options, "--no-sandbox"] if os.geteuid() == 0 else options  # Chromium refuses its sandbox to root


def _run(command: list[str], path: Path) -> None:
    try:
        subprocess.run(command, capture_output=True, check=False, timeout=PRINT_SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise FileUnreadable(str(path), f"{command[0]} did not finish printing within {PRINT_SECONDS:.0f} s") from None
    except OSError as problem:
        raise FileUnreadable(str(path), f"{command[0]} could not be started: {problem.strerror}") from problem
