"""One program in a bubblewrap of its own: javac, java, pip and the like.

Outside, `run` starts it and listens. Inside, `main` is process 1: it writes the files that were given, starts the program,
kills what that leaves behind, and sends back the files that were asked for. The program may do as it likes with the files;
what comes back is its own claim, as with candidates.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from verirl_sandbox import bubblewrap, seccomp
from verirl_sandbox.cgroups import Cgroup
from verirl_sandbox.output import READ_BYTES, Outputs, last_line
from verirl_sandbox.results import Limits, Outcome, ProgramResult, SandboxError, SandboxUnavailable

FOLDER = "/work"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LENGTH = struct.Struct(">I")
PR_SET_DUMPABLE = 4
_BOOT = "import sys; sys.path.append({path!r}); from verirl_sandbox.program import main; main()"

# -------------------------------------------------------------------------------------------------------------- outside


def run(
    argv: Sequence[str],
    files: Mapping[str, bytes | str],
    limits: Limits,
    stdin: bytes,
    outputs: Sequence[str],
    folders: Sequence[str],
    backend: str,
) -> ProgramResult:
    """See Sandbox.run."""
    if backend == "landlock":
        raise SandboxUnavailable(
            "programs are run in namespaces only, which do not work here: apt install bubblewrap, and see "
            "`verirl sandbox doctor`."
        )
    if not argv or not all(isinstance(word, str) and "\0" not in word for word in argv):
        raise ValueError("argv must be a list of words, the program first.")
    program = shutil.which(argv[0], path=PATH) or (argv[0] if os.access(argv[0], os.X_OK) else None)
    if program is None:
        raise FileNotFoundError(f"{argv[0]} is not installed.")
    contents = {_inside(path): text.encode() if isinstance(text, str) else bytes(text) for path, text in files.items()}
    for pattern in outputs:
        _inside(pattern)
    header = {
        "argv": [program, *argv[1:]],
        "files": [[path, len(content)] for path, content in contents.items()],
        "stdin": len(stdin),
        "outputs": list(outputs),
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_mib << 20,
        "file_bytes": limits.file_mib << 20,
        "open_files": limits.open_files,
        "locked": backend != "unsafe",
    }
    text = json.dumps(header).encode()
    job = b"".join([LENGTH.pack(len(text)), text, *contents.values(), stdin])
    with contextlib.ExitStack() as stack:
        scratch = FOLDER
        if backend == "unsafe":
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="verirl-sandbox-"))
        return _Run(limits, backend).result(job, scratch, folders, stack)


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\0" in path or path in ("", "."):
        raise ValueError(f"{path!r} is no path within the working folder.")
    return str(parts)


class _Run:
    def __init__(self, limits: Limits, backend: str) -> None:
        self.limits = limits
        self.backend = backend

    def result(self, job: bytes, scratch: str, folders: Sequence[str], stack: contextlib.ExitStack) -> ProgramResult:
        pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(4)]  # job, answer, stdout, stderr
        (job_in, job_out), (answer, answer_in), (out, out_in), (err, err_in) = pipes
        theirs = (job_in, answer_in, out_in, err_in)
        for descriptor in (job_out, answer, out, err):
            stack.callback(os.close, descriptor)
        started = time.perf_counter()
        try:
            process, filter_file = self._start(job_in, answer_in, out_in, err_in, scratch, folders)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        stack.callback(filter_file.close)
        group = Cgroup()
        stack.callback(group.remove)
        group.limit("pids", self.limits.threads + 8)
        group.limit("memory", (self.limits.memory_mib + self.limits.file_mib + 64) << 20)
        for pid in (process.pid, *_children(process.pid)):  # which wait for the job
            group.add(pid)
        stack.callback(_end, process)
        os.set_blocking(job_out, False)
        outputs = Outputs((out, err), self.limits)
        answered = bytearray()
        stopped = self._listen(job, job_out, answer, answered, outputs)
        if stopped is not None:
            _end(process)
        process.wait()
        said, files, wrong = _understood(answered, self.limits.file_mib << 20)
        texts = [bytes(text) for text in outputs.kept.values()]
        if stopped is None and said is None:
            if wrong:
                stopped = (Outcome.FORGED, "what came back is no answer")
            else:
                raise SandboxError(f"the program's sandbox would not start: {last_line(texts[1])}")
        code, cpu, limited = said or (None, 0.0, "")
        outcome, detail = stopped or self._outcome(code, cpu, limited)
        return ProgramResult(
            outcome=outcome,
            exit_code=code if code is not None and code >= 0 and stopped is None else None,
            detail=detail,
            stdout=texts[0],
            stderr=texts[1],
            output_bytes=outputs.total,
            files=files,
            cpu_seconds=cpu,
            seconds=time.perf_counter() - started,
            backend=self.backend,
        )

    def _start(
        self, job: int, answer: int, out: int, err: int, scratch: str, folders: Sequence[str]
    ) -> tuple[subprocess.Popen[bytes], Any]:
        origin = bubblewrap.IMPORTED_FROM if self.backend != "unsafe" else str(bubblewrap.PACKAGE.parent)
        words = bubblewrap.python(_BOOT.format(path=origin), str(job), str(answer), scratch)
        environment = {"PATH": PATH, "HOME": scratch, "LANG": "C.UTF-8"}
        filter_file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the caller, when the run is over
        filter_file.write(seccomp.program_filter())
        filter_file.seek(0)
        if self.backend != "unsafe":
            size = str(self.limits.file_mib << 20)
            extra = ["--proc", "/proc", "--dev", "/dev", "--size", size, "--tmpfs", FOLDER, "--size", size]
            extra += ["--tmpfs", "/tmp", "--seccomp", str(filter_file.fileno())]
            words = bubblewrap.command(words, [os.path.realpath(folder) for folder in folders], extra, environment)
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=environment,
            cwd="/",
            pass_fds=(job, answer, filter_file.fileno()),
            start_new_session=True,
        )
        return process, filter_file

    def _listen(
        self, job: bytes, writing: int, answer: int, answered: bytearray, outputs: Outputs
    ) -> tuple[Outcome, str] | None:
        """Until everything is closed at the other end, or a limit is passed: which one."""
        poll = select.poll()
        poll.register(writing, select.POLLOUT)
        left, open_ = memoryview(job), {answer, *outputs.kept}
        for descriptor in open_:
            poll.register(descriptor, select.POLLIN)
        deadline = time.monotonic() + self.limits.wall_seconds
        while open_:
            wait = deadline - time.monotonic()
            if wait <= 0:
                return Outcome.WALL_LIMIT, f"more than {self.limits.wall_seconds:g} s"
            for descriptor, _ in poll.poll(wait * 1000):
                if descriptor == writing:
                    try:
                        left = left[os.write(writing, left) :] if left else left
                    except BrokenPipeError:
                        left = left[:0]
                    if not left:
                        poll.unregister(writing)
                    continue
                if descriptor == answer:
                    part = os.read(descriptor, READ_BYTES)
                    answered += part
                    more = bool(part)
                    if len(answered) > (self.limits.file_mib + 1) << 20:
                        return Outcome.FORGED, "what came back is no answer"
                else:
                    more = outputs.read(descriptor)
                    if outputs.flooded:
                        return Outcome.OUTPUT_LIMIT, outputs.flooded
                if not more:
                    poll.unregister(descriptor)
                    open_.discard(descriptor)
        return None

    def _outcome(self, code: int | None, cpu: float, limited: str) -> tuple[Outcome, str]:
        if limited:
            return Outcome.FILE_LIMIT, limited
        if code in (-signal.SIGXCPU, -signal.SIGKILL) and cpu >= self.limits.cpu_seconds:
            return Outcome.CPU_LIMIT, f"more than {self.limits.cpu_seconds:g} s of CPU time"
        if code == -signal.SIGKILL:
            return Outcome.MEMORY_LIMIT, f"killed, most likely for more than {self.limits.memory_mib} MiB"
        if code is None or code < 0:
            return Outcome.CRASHED, f"ended by {signal.Signals(-code).name}" if code else "ended"
        return (Outcome.FAILED, f"exit code {code}") if code else (Outcome.OK, "")


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all that is in its namespaces: when bubblewrap's own child, process 1 of them, is killed, the kernel kills the
    rest."""
    if process.poll() is None:
        for pid in (*_children(process.pid), process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _understood(answered: bytearray, cap: int) -> tuple[tuple[int | None, float, str] | None, dict[str, bytes], bool]:
    """Of process 1: how the program ended, and the files. The last is True for bytes that are no answer."""
    if not answered:
        return None, {}, False
    try:
        size = LENGTH.unpack_from(answered)[0]
        header = json.loads(answered[LENGTH.size : LENGTH.size + size])
        code, cpu, limited = int(header["code"]), float(header["cpu_seconds"]), str(header["limited"])[:300]
        files, place = {}, LENGTH.size + size
        for path, length in header["files"]:
            if type(length) is not int or not 0 <= length <= cap:
                raise ValueError
            files[_inside(path)] = bytes(answered[place : place + length])
            place += length
        if place != len(answered):
            raise ValueError
    except (ValueError, KeyError, TypeError, struct.error, RecursionError):
        return None, {}, True
    return (code, cpu, limited), files, False


# --------------------------------------------------------------------------------------------------------------- inside


def main() -> None:
    job, answer, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with os.fdopen(job, "rb") as source:
        header = json.loads(source.read(LENGTH.unpack(source.read(LENGTH.size))[0]))
        os.chdir(folder)
        for path, size in header["files"]:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(source.read(size))
        given = source.read(header["stdin"])
    os.set_inheritable(answer, False)
    if header["locked"]:
        _not_to_be_traced()
    code, cpu = _run(header, given, answer)
    names, limited = _wanted(header["outputs"], header["file_bytes"])
    contents = [Path(name).read_bytes() for name in names]
    listed = [[name, len(content)] for name, content in zip(names, contents, strict=True)]
    text = json.dumps({"code": code, "cpu_seconds": cpu, "limited": limited, "files": listed}).encode()
    with os.fdopen(answer, "wb") as target:
        target.write(b"".join([LENGTH.pack(len(text)), text, *contents]))


def _run(header: Mapping[str, Any], given: bytes, answer: int) -> tuple[int, float]:
    """The program's exit code (negative: the signal), and the CPU seconds of all that it started."""
    with tempfile.TemporaryFile(dir=".") as stdin:
        stdin.write(given)
        stdin.seek(0)
        program = os.fork()
        if not program:
            try:
                os.setsid()
                _limit(header)
                os.dup2(stdin.fileno(), 0)
                os.execv(header["argv"][0], header["argv"])
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
                os.write(2, f"{header['argv'][0]}: {error}\n".encode())
            os._exit(127)
    poll = select.poll()
    poll.register(os.pidfd_open(program), select.POLLIN)
    poll.register(answer, 0)
    if any(event & select.POLLERR for _, event in poll.poll()):
        os._exit(1)  # nobody waits for the answer; with process 1 all others end
    status = os.waitpid(program, 0)[1]
    if header["locked"]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # everything but process 1
    with contextlib.suppress(ChildProcessError):
        while header["locked"]:
            os.wait()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


def _limit(header: Mapping[str, Any]) -> None:
    seconds = int(header["cpu_seconds"]) + 1
    for limit, soft, hard in (
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_DATA, header["memory_bytes"], header["memory_bytes"]),
        (resource.RLIMIT_FSIZE, header["file_bytes"], header["file_bytes"]),
        (resource.RLIMIT_NOFILE, header["open_files"], header["open_files"]),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(limit, (soft, hard))


def _wanted(patterns: Sequence[str], cap: int) -> tuple[list[str], str]:
    """Plain files only, no links, as long as they fit; what does not fit is said."""
    names: list[str] = []
    size = 0
    for pattern in patterns:
        for path in sorted(Path(".").glob(pattern)):
            if path.is_symlink() or not path.is_file() or str(path) in names:
                continue
            size += path.stat().st_size
            if size > cap:
                return names, f"{path} and what comes after it is more than limits.file_mib"
            names.append(str(path))
    return names, ""


def _not_to_be_traced() -> None:
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
