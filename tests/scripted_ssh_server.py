"""An SSH server whose shell follows a script: for tests of how a client takes misbehaviour."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import cache

import asyncssh

from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.secrets import Secret

USER, PASSWORD = "operator", Secret("pa55-w0rd")


@cache
def host_key(number: int) -> asyncssh.SSHKey:
    """One key per number and process."""
    assert number >= 0
    return asyncssh.generate_private_key("ecdsa-sha2-nistp256")


class Shell:
    """What a script talks through."""

    def __init__(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        self._process = process
        self._pending = b""

    def send(self, data: bytes) -> None:
        self._process.stdout.write(data)

    async def send_bytewise(self, data: bytes) -> None:
        for byte in data:
            self._process.stdout.write(bytes((byte,)))
            await asyncio.sleep(0)

    async def key(self) -> bytes:
        while not self._pending:
            self._pending = await self._process.stdin.read(4096)
            if not self._pending:
                raise asyncssh.BreakReceived(0)
        first, self._pending = self._pending[:1], self._pending[1:]
        return first

    async def line(self) -> str:
        typed = b""
        while (byte := await self.key()) != b"\n":
            typed += byte
        return typed.decode()

    async def forever(self) -> None:
        while await self.key():
            pass

    def hang_up(self) -> None:
        self._process.channel.get_connection().abort()


Script = Callable[[Shell], Awaitable[None]]


class ScriptedSshServer:
    """Context manager serving one script to every session; counts the passwords it was sent."""

    def __init__(self, script: Script, *, method: str = "keyboard-interactive", key: int = 0, **algorithms: object) -> None:
        self._script, self._method, self._key, self._algorithms = script, method, host_key(key), algorithms
        self.passwords_seen = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self.port = 0

    def __enter__(self) -> "ScriptedSshServer":
        self._thread.start()
        self._acceptor = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(20)
        self.port = self._acceptor.get_port()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def fingerprint(self) -> str:
        return self._key.get_fingerprint("sha256")

    @property
    def address(self) -> NodeAddress:
        return NodeAddress("odd", "127.0.0.1", ssh_port=self.port, ssh_host_key=self.fingerprint)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Login(self),
            process_factory=self._serve,
            server_host_keys=[self._key],
            line_editor=False,
            encoding=None,
            gss_host=None,
            **self._algorithms,
        )

    async def _serve(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        try:
            await self._script(Shell(process))
        except (asyncssh.BreakReceived, asyncssh.TerminalSizeChanged, OSError):
            pass
        finally:
            process.exit(0)

    async def _close(self) -> None:
        assert self._acceptor is not None
        self._acceptor.close()
        await self._acceptor.wait_closed()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    @property
    def method(self) -> str:
        return self._method


class _Login(asyncssh.SSHServer):
    def __init__(self, server: ScriptedSshServer) -> None:
        self._server = server

    def begin_auth(self, _username: str) -> bool:
        return True

    def kbdint_auth_supported(self) -> bool:
        return self._server.method != "password"

    def password_auth_supported(self) -> bool:
        return self._server.method in {"password", "both"}

    def get_kbdint_challenge(self, _username: str, _lang: str, _submethods: str) -> object:
        questions = [("Password: ", False)]
        if self._server.method == "two questions":
            questions.append(("Token: ", False))
        return "", "", "", questions

    def validate_kbdint_response(self, _username: str, responses: list[str]) -> bool:
        self._server.passwords_seen += 1
        return responses == [PASSWORD.reveal()]

    def validate_password(self, _username: str, password: str) -> bool:
        self._server.passwords_seen += 1
        return password == PASSWORD.reveal()
