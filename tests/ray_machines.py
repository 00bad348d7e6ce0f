"""Two machines for tests of clusters: on this one, but each with address, host name, home and processes of
its own (Linux namespaces), and a cable between them."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NAMESPACES = ("--net", "--mount", "--uts", "--pid", "--ipc")
UNSHARE = ("unshare", *NAMESPACES, "--fork", "--mount-proc", "--kill-child")
FIRST_PROCESS = ("bash", "-c", "while :; do sleep 1000 & wait; done")
"""The first of its machine: it waits for all that lose their parents."""

CABLE = "cable"
TMP = "/mnt"
"""Of a machine's own, and on all the same: the paths of Ray's sockets must be short."""

SETTINGS = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "OMP_NUM_THREADS": "1",
}


class Machine:
    """One of the machines. work: a folder that the other does not see."""

    def __init__(self, name: str, address: str, folder: Path) -> None:
        self.name, self.address = name, address
        self.folder = folder / name
        self.work = self.folder / "work"
        for inner in ("home", "tmp", "work"):
            (self.folder / inner).mkdir(parents=True)
        self.unshare = subprocess.Popen([*UNSHARE, *FIRST_PROCESS], stdout=subprocess.DEVNULL)
        self.pid = _child_of(self.unshare.pid)
        self.do("hostname", name)
        self.do("mount", "--bind", str(self.folder / "tmp"), TMP)
        self.do("ip", "link", "set", "lo", "up")

    def start(self, *command: str, **settings: str) -> subprocess.Popen[str]:
        """A command on this machine. settings: variables of its environment."""
        entering = ["nsenter", "--target", str(self.pid), *NAMESPACES, f"--wdns={self.work}"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"HOME": str(self.folder / "home"), "TMPDIR": TMP, "PATH": path}
        return subprocess.Popen(
            [*entering, *command],
            env={**os.environ, **SETTINGS, **own, **settings},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def try_to(self, *command: str, **settings: str) -> tuple[int, str]:
        """(exit code, what it said) of a command."""
        process = self.start(*command, **settings)
        said, _ = process.communicate(timeout=300)
        return process.returncode, said

    def do(self, *command: str, **settings: str) -> str:
        """What a command has said, that ends with success."""
        code, said = self.try_to(*command, **settings)
        assert code == 0, f"{shlex.join(command)} on {self.name}: {said}"
        return said

    def has_trained(self) -> bool:
        return any((self.folder / "tmp").glob("archlab-*/runs"))

    def trains(self) -> bool:
        """Whether it has a run: the folder of each goes when it ends."""
        return any((self.folder / "tmp").glob("archlab-*/runs/*/runs/*/process.json"))

    def switch_off(self) -> None:
        """All its processes are gone at once."""
        self.unshare.kill()
        self.unshare.wait()


@contextmanager
def two_machines(folder: Path) -> Iterator[tuple[Machine, Machine]]:
    """laptop-1 at 10.77.0.1 and laptop-2 at 10.77.0.2, with nothing started on them."""
    if not _can_be_had():
        pytest.skip("machines of their own need Linux, root, and the commands unshare, nsenter and ip")
    machines: list[Machine] = []
    try:
        for number in (1, 2):
            machines.append(Machine(f"laptop-{number}", f"10.77.0.{number}", folder))
        first, second = machines
        one, other = ([CABLE, "netns", str(machine.pid)] for machine in machines)
        subprocess.run(["ip", "link", "add", *one, "type", "veth", "peer", "name", *other], check=True)
        for machine, beside in ((first, second), (second, first)):
            machine.do("ip", "address", "add", f"{machine.address}/24", "dev", CABLE)
            machine.do("ip", "link", "set", CABLE, "up")
            machine.do("mount", "-t", "tmpfs", "none", str(beside.folder))
        yield first, second
    finally:
        for machine in machines:
            machine.switch_off()


def _can_be_had() -> bool:
    try:
        tried = subprocess.run([*UNSHARE, "ip", "link"], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def _child_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if found := children.read_text().split():
            return int(found[0])
        time.sleep(0.01)
    raise AssertionError("no namespaces have come")
