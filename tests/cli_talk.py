"""Types on a simulated platform CLI as a person with any SSH client does, and waits for what is shown."""

import asyncio

import asyncssh

from tests.simulated_cli_node import PASSWORD, USER, SimulatedCliNode

PROMPT = "admin:"
LIMIT_SECONDS = 20


def connection(node: SimulatedCliNode, **options: object) -> object:
    return asyncssh.connect(
        "127.0.0.1",
        node.state.ssh_port,
        **{
            "username": USER,
            "password": PASSWORD.reveal(),
            "known_hosts": None,
            "config": None,
            "client_keys": None,
            "agent_path": None,
            "connect_timeout": LIMIT_SECONDS,
            **options,
        },
    )


class Talk:
    """Types pieces and waits for text."""

    def __init__(self, process: "asyncssh.SSHClientProcess[str]") -> None:
        self._process = process
        self.seen = ""

    async def until(self, wanted: str) -> str:
        """Everything shown up to and with the wanted text."""
        shown = await asyncio.wait_for(self._process.stdout.readuntil(wanted), LIMIT_SECONDS)
        self.seen += shown
        return shown

    def type(self, keys: str) -> None:
        self._process.stdin.write(keys)

    def no_more(self) -> None:
        self._process.stdin.write_eof()

    async def answer(self, command: str) -> str:
        """The command's output without echo and prompt."""
        self.type(command + "\n")
        await self.until(f"{command}\r\n")
        return (await self.until(PROMPT)).removesuffix(PROMPT)

    async def end(self) -> None:
        await asyncio.wait_for(self._process.wait_closed(), LIMIT_SECONDS)


def talk(node: SimulatedCliNode, script: object, rows: int = 24) -> str:
    """Run a script against a fresh session; returns everything that was shown."""

    async def go() -> str:
        async with connection(node) as conn:  # type: ignore[attr-defined]
            process = await conn.create_process(term_type="vt100", term_size=(80, rows))
            talking = Talk(process)
            await talking.until(PROMPT)
            await script(talking)  # type: ignore[operator]
            return talking.seen

    return asyncio.run(go())


def answers(node: SimulatedCliNode, *commands: str) -> list[str]:
    found: list[str] = []

    async def script(talking: Talk) -> None:
        await talking.answer("set cli pagination off")
        for command in commands:
            found.append(await talking.answer(command))

    talk(node, script)
    return found
