"""A headless Chromium for tests, spoken to over its debugging pipe: what a page asks for, what it shows, how wide it is."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

CHROMIUM = next((found for name in ("chromium", "google-chrome", "chromium-browser") if (found := shutil.which(name))), None)
_LIMIT_SECONDS = 60.0


class Page:
    """One tab."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._out, self._in = to_browser, from_browser
        self._pending, self._number, self._session = b"", 0, ""
        self.requests: list[str] = []
        """Addresses the page asked for, its own included."""
        self.events: list[str] = []

    def open(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its result."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            if not select([self._in], [], [], _LIMIT_SECONDS)[0]:
                raise TimeoutError(f"the browser said nothing for {_LIMIT_SECONDS:.0f} s")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise ConnectionError("the browser ended")
            self._pending += data
        text, _, self._pending = self._pending.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        self.events.append(str(message.get("method", "")))
        return message

    def size(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """Width and height in CSS pixels, and whether the reader prefers dark."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def go(self, address: str) -> None:
        """Load and wait for the load event."""
        self.events.clear()
        self.ask("Page.navigate", url=address)
        while "Page.loadEventFired" not in self.events:
            self._next()

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives, promises awaited."""
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def picture(self, file: Path, *, whole: bool = False, clip: tuple[float, float, float, float] | None = None) -> None:
        """A PNG of what is seen, of the whole page, or of (x, y, width, height)."""
        more: dict[str, Any] = {"captureBeyondViewport": whole or clip is not None}
        if clip is not None:
            more["clip"] = dict(zip(("x", "y", "width", "height"), clip, strict=True)) | {"scale": 1}
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png", **more)["data"]))


@contextmanager
def browser() -> Iterator[Page]:
    """A page in a browser of its own, gone afterwards."""
    assert CHROMIUM is not None
    out_read, out_write = os.pipe()
    in_read, in_write = os.pipe()
    with tempfile.TemporaryDirectory(prefix="browser-") as profile:
        command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        command += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}"]
        # fds 3 and 4 are the browser's by agreement: a shell puts the pipes there
        shell = f'exec "$@" --remote-debugging-pipe about:blank 3<&{out_read} 4>&{in_write}'
        process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *command],
            pass_fds=(out_read, in_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(out_read)
        os.close(in_write)
        page = Page(out_write, in_read)
        try:
            page.open()
            yield page
        finally:
            os.close(out_write)
            os.close(in_read)
            process.terminate()
            process.wait(30)
