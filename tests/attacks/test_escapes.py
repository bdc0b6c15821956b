"""Attempts to reach what is outside: files, processes, network, the kernel's rarer doors, and the next candidate."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from verirl_sandbox import Limits, Outcome, Result, Sandbox
from verirl_sandbox.doctor import attempts

Attack = Callable[..., Result]
REFUSED = {"PermissionError", "FileNotFoundError", "NotADirectoryError", "OSError", "ProcessLookupError"}
ATTEMPTS = {attempt.name: attempt for attempt in attempts(os.path.expanduser("~"))}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_what_the_doctor_tries(sandbox: Sandbox, name: str) -> None:
    attempt = ATTEMPTS[name]
    result = sandbox.call(attempt.source, "attempt", [[]], attempt.limits)
    refused = bool(result.calls) and result.calls[0].exception in attempt.exceptions
    assert refused or result.outcome in attempt.outcomes, result


def got(result: Result) -> object:
    """What the attack brought home; None where it was refused."""
    if not result.calls:
        return None
    assert result.calls[0].exception is None or result.calls[0].exception in REFUSED, result.calls[0].exception
    return result.calls[0].value


# --------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/etc/hostname",
        "/proc/self/environ",
        "/proc/self/cmdline",
        "/proc/self/maps",
        "/proc/1/cmdline",
        "/proc/{parent}/cmdline",
        "/proc/{parent}/environ",
        "/proc/{parent}/mem",
        "/proc/{parent}/maps",
        "/sys/kernel/notes",
        "/dev/mem",
        "/dev/urandom",
        __file__,
        sys.executable,
    ],
)
def test_reading(attack: Attack, path: str) -> None:
    path = path.replace("{parent}", str(os.getpid()))
    assert got(attack(f"def f(): return open({path!r}, 'rb').read(10)")) is None


@pytest.mark.parametrize(
    "folder", ["/", "/etc", "/root", "/home", "/proc", "/proc/self/fd", "/dev", "/sys", "/usr/lib", "{data}"]
)
def test_listing(attack: Attack, folder: str) -> None:
    folder = folder.replace("{data}", str(Path(__file__).parent.parent))
    listed = got(attack(f"import os\ndef f(): return os.listdir({folder!r})"))
    assert listed in (None, ["tmp"])  # of its own, empty file system


@pytest.fixture
def victim() -> Iterator[Path]:
    with tempfile.NamedTemporaryFile("w", prefix="verirl-victim-", dir="/var/tmp") as file:
        file.write("untouched")
        file.flush()
        os.chmod(file.name, 0o666)
        os.utime(file.name, (1, 1))
        yield Path(file.name)


@pytest.mark.parametrize(
    "body",
    [
        "open(PATH).read()",
        "open(PATH, 'w').write('x')",
        "open(PATH, 'a').write('x')",
        "os.truncate(PATH, 0)",
        "os.unlink(PATH)",
        "os.rename(PATH, PATH + '2')",
        "os.link(PATH, 'mine')",
        "os.chmod(PATH, 0)",
        "os.chown(PATH, os.getuid(), os.getgid())",
        "os.utime(PATH)",
        "os.setxattr(PATH, 'user.x', b'y')",
        "os.symlink(PATH, 'mine') or open('mine').read()",
        "os.open(PATH, os.O_PATH) and open(f'/proc/self/fd/{os.open(PATH, os.O_PATH)}').read()",
        "open('/' + '../' * 30 + PATH).read()",
        "os.mkfifo(PATH + '2')",
        "os.mknod(PATH + '2')",
        "os.mkdir(PATH + '2')",
        "os.execv(PATH, [PATH])",
    ],
)
def test_a_file_of_somebody_elses(attack: Attack, victim: Path, body: str) -> None:
    source = f"import os\nPATH = {str(victim)!r}\ndef f(): return {body}"
    assert got(attack(source)) is None
    state = victim.stat()
    assert (victim.read_text(), state.st_mode & 0o777, state.st_mtime) == ("untouched", 0o666, 1)
    assert not Path(f"{victim}2").exists()


def test_chroot_tricks(attack: Attack) -> None:
    source = """
    import os
    def f():
        root = os.open('/', os.O_RDONLY)
        os.mkdir('deeper')
        os.chroot('deeper')
        os.fchdir(root)
        os.chdir('../../../../../..')
        os.chroot('.')
        return os.listdir('/etc')
    """
    assert got(attack(source)) is None


@pytest.mark.parametrize("body", ["open('/x', 'w')", "os.mkdir('/d')", "os.rmdir('/tmp')", "os.rename('/tmp', '/d')"])
def test_the_root_is_not_to_be_written_on(attack: Attack, body: str) -> None:
    assert got(attack(f"import os\ndef f(): return str({body})")) is None


def test_it_has_a_place_of_its_own_to_write_to(attack: Attack) -> None:
    source = """
    import os, tempfile
    def f():
        with open('mine', 'w') as file: file.write('here')
        with tempfile.TemporaryFile(dir='.') as other: other.write(b'there')
        return [open('mine').read(), os.listdir('.')]
    """
    assert attack(source).calls[0].value == ["here", ["mine"]]


def test_descriptors_of_ours_are_not_inherited(attack: Attack) -> None:
    source = """
    import os
    def f():
        found = []
        for n in range(1024):
            try: os.fstat(n)
            except OSError: continue
            found.append(n)
        return found
    """
    assert attack(source).calls[0].value == [0, 1, 2, 3]


# ----------------------------------------------------------------------------------------------------------- processes


@pytest.mark.parametrize(
    "body",
    [
        "    while True: os.fork()",
        "    if not os.fork():\n        os.setsid()\n        if not os.fork():\n            time.sleep(1)\n"
        "            os.write(3, b'late')\n            time.sleep(1000)",
        "    os.system('sleep 1000 &')",
        "    subprocess.Popen(['sleep', '1000'])",
        "    multiprocessing.Process(target=time.sleep, args=(1000,)).start()",
        "    os.posix_spawn('/bin/sleep', ['sleep', '1000'], {})",
        "    libc.syscall(57)",
        "    libc.syscall(58)",
        "    libc.syscall(56, 17, 0, 0, 0, 0)",
        "    libc.syscall(56, 0x100 | 17, 0, 0, 0, 0)",
        "    libc.syscall(435, bytes(88), 88)",
    ],
)
def test_other_processes(attack: Attack, body: str) -> None:
    source = (
        "import ctypes, multiprocessing, os, subprocess, time\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"def f():\n    r = None\n{body.replace('    libc', '    r = libc', 1)}\n    return r"
    )
    result = attack(source)
    assert not result.calls or result.calls[0].exception or result.calls[0].value in (None, -1)


def test_signals_reach_nobody(attack: Attack) -> None:
    innocent = psutil.Popen(["sleep", "60"])
    try:
        source = f"""
        import ctypes, os, signal
        libc = ctypes.CDLL(None, use_errno=True)
        def f():
            for target in (-1, 0, {innocent.pid}, -{innocent.pid}, {os.getpid()}, os.getppid(), 2, 3):
                for send in (os.kill, os.killpg):
                    try: send(target, signal.SIGKILL)
                    except OSError: pass
                libc.syscall(234, {innocent.pid}, {innocent.pid}, 9)
                libc.syscall(200, {innocent.pid}, 9)
                libc.syscall(129, {innocent.pid}, 9, bytes(128))
                libc.syscall(424, libc.syscall(434, {innocent.pid}, 0), 9, 0, 0)
            return 5
        """
        assert attack(source).calls[0].value == 5
        assert innocent.is_running()
        assert innocent.status() != psutil.STATUS_ZOMBIE
    finally:
        innocent.send_signal(signal.SIGKILL)
        innocent.wait()


def test_other_processes_are_not_to_be_traced_or_read(attack: Attack) -> None:
    source = f"""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    def f():
        pid = {os.getpid()}
        buffer = ctypes.create_string_buffer(8)
        vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
        return [libc.syscall(101, 16, pid, 0, 0), libc.syscall(310, pid, vector, 1, vector, 1, 0),
                libc.syscall(438, libc.syscall(434, pid, 0), 0, 0), libc.syscall(312, pid, pid, 0, 0, 0)]
    """
    assert attack(source).calls[0].value == [-1, -1, -1, -1]


# ------------------------------------------------------------------------------------------------------------- network


@pytest.fixture
def server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    "body",
    [
        "socket.create_connection(('127.0.0.1', PORT))",
        "socket.create_connection(('1.1.1.1', 53), 2)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
        "socket.getaddrinfo('example.com', 80)",
        "socket.create_server(('127.0.0.1', 0))",
        "socket.socket(socket.AF_INET6)",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "socket.socket(socket.AF_UNIX).connect('/run/systemd/notify')",
        "socket.socket(socket.AF_UNIX).connect('\\0verirl-test')",
        "socket.socket(socket.AF_UNIX).bind('\\0verirl-mine')",
        "socket.socket(socket.AF_VSOCK)",
        "socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b'x', '\\0verirl-test')",
        "socket.send_fds(socket.socketpair()[0], [b'x'], [1])",
        "urllib.request.urlopen('http://127.0.0.1:%d' % PORT)",
    ],
)
def test_network(attack: Attack, server: int, body: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0verirl-test")
        source = f"import socket\nPORT = {server}\ndef f(): return str({body})"
        result = attack(source)
        assert result.calls[0].exception in (*REFUSED, "gaierror", "NameError"), result
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.recv(10)


# ------------------------------------------------------------------------------------------------------- the next one


@pytest.mark.parametrize(
    "poison",
    [
        "import json; json.dumps = lambda *a, **k: 'poisoned'",
        "import builtins; builtins.len = lambda x: 99",
        "import sys; sys.modules['math'] = None",
        "import math; math.pi = 3",
        "import sys; sys.path.insert(0, '/tmp'); open('/tmp/zipimport.py', 'w').write('1/0')",
        "import random; random.seed(1)",
        "import ctypes; ctypes.memset(id(1000), 0, 1)",
        "import gc; gc.disable()",
        "import os; os.environ['PYTHONPATH'] = '/tmp'; os.umask(0o777)",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.setitimer(signal.ITIMER_REAL, 0.01)",
        "import atexit; atexit.register(print, 'late')",
        "import os; open('left.pyc', 'wb').write(b'x')",
        "import os; open(os.path.join(os.path.dirname(os.__file__), 'poison.py'), 'w').write('1/0')",
        "import os; open(os.path.join(os.path.dirname(os.__file__), 'site-packages', 'poison.pth'), 'w').write('x')",
        "import json; open(json.__cached__, 'wb').write(b'x')",
        "import os; [os.set_blocking(n, False) for n in range(4)]; import fcntl; fcntl.flock(0, fcntl.LOCK_EX)",
    ],
)
def test_the_next_run_is_clean(sandbox: Sandbox, poison: str) -> None:
    sandbox.call(f"{poison}\ndef f(x): return x", "f", [[1]])
    source = """
import builtins, gc, json, math, os, signal, sys
def f(x):
    return [json.dumps([x]), len("ab"), math.pi, os.listdir("."), dict(os.environ), gc.isenabled(), os.umask(0o22),
            signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, sys.path, [os.get_blocking(n) for n in range(4)]]
"""
    result = sandbox.call(source, "f", [[1]])
    assert result.calls[0].value == ["[1]", 2, 3.141592653589793, [], {}, True, 0o22, True, [], [True] * 4]


def test_runs_side_by_side_do_not_see_each_other(backend_sandbox: Sandbox) -> None:
    with Sandbox(2, backend=backend_sandbox.backend, second_look=0, limits=Limits(cpu_seconds=2)) as sandbox:
        found: dict[str, Result] = {}

        def look(source: str) -> None:
            found[source] = sandbox.call(source, "f", [[]])

        hides = (
            "import os, time\ndef f():\n    open('secret', 'w').write('x')\n    time.sleep(1)\n    return os.getpid()"
        )
        seeks = "import os, time\ndef f():\n    time.sleep(0.5)\n    return os.listdir('.')"
        threads = [threading.Thread(target=look, args=(source,)) for source in (hides, seeks)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {result.outcome for result in found.values()} == {Outcome.OK}
        assert found[seeks].calls[0].value == []
