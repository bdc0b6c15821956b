"""A minute (or --seconds N) of nonsense: random bytes, random Python and random answers on the protocol, and the decoder
under a coverage-guided fuzzer (atheris, where it is installed). What counts as found: a crash, a hang, a leak, or an answer
that nobody computed."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections import Counter

import psutil
from _rows import Row, print_rows

from verirl_sandbox import Limits, Sandbox
from verirl_sandbox.plain import NotPlain, decode, encode

SECONDS = 60.0
LIMITS = Limits(cpu_seconds=0.2, wall_seconds=1, memory_mib=64, flood_mib=1, file_mib=1, answer_kib=64)
WORDS = """
    def f class return yield lambda : ( ) [ ] { } , . = == + - * ** / % @ x y 0 1 10 'a' "" f" None True while for in if else
    try except BaseException finally raise import os sys gc json ctypes print exec eval open getattr __class__ __dict__
    __builtins__ __import__ globals() locals() del global nonlocal async await with as pass break continue \\n \\n \\t not
    and or is range(9) len(x) os._exit(0) os.write(3,b'[1]') sys.exit() threading signal \\x00 \\ud800 # ~ ^ & | << >> ... :=
""".split()  # noqa: SIM905
ALPHABET = [b"[", b"]", b"{", b"}", b",", b":", b'"', b"value", b"exception", b"tuple", b"dict", b"set", b"int", b"float",
            b"bytes", b"complex", b"opaque", b"loaded", b"1", b"-", b"0x", b"nan", b"null", b"true", b"e9", b".", b" ", b"\\",
            b"\\u0000", b"\x00", b"\xff", b"\0\0\0\x04", b"\0\0\1\0"]  # fmt: skip


def random_python(draw: random.Random) -> str:
    if draw.random() < 0.2:
        return draw.randbytes(draw.randrange(200)).decode("latin-1")
    body = " ".join(draw.choice(WORDS).replace("\\n", "\n").replace("\\t", "    ") for _ in range(draw.randrange(40)))
    return f"def f(x):\n    return x\n{body}" if draw.random() < 0.5 else body


def random_answer(draw: random.Random) -> bytes:
    body = b"".join(draw.choice(ALPHABET) for _ in range(draw.randrange(30)))
    if draw.random() < 0.7:
        body = len(body).to_bytes(4, "big") + body
    return body * draw.choice((1, 1, 2))


def decodes_or_refuses(payload: bytes) -> bool:
    try:
        value = decode(payload)
    except NotPlain:
        return True
    return encode(value, 1 << 22, opaque=True) is not None


def fuzz_decoder(seconds: float) -> tuple[str, int]:
    """With atheris in a process of its own: what it said at the end, and how many inputs it tried."""
    script = (
        "import atheris, sys\nwith atheris.instrument_imports():\n    from verirl_sandbox import plain\n"
        "def one(data):\n    try: found = plain.decode(data)\n    except plain.NotPlain: return\n"
        "    plain.encode(found, 1 << 22, opaque=True)\n"
        f"atheris.Setup([sys.argv[0], '-max_total_time={int(seconds)}', '-max_len=400'], one)\natheris.Fuzz()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    tried = re.findall(r"^#(\d+)", done.stderr, re.MULTILINE) or re.findall(r"Done (\d+) runs", done.stderr)
    if done.returncode:
        return done.stderr[-500:], int(tried[-1]) if tried else 0
    return "", int(tried[-1]) if tried else 0


def main() -> None:
    seconds = float(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else SECONDS
    seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 0
    draw = random.Random(seed)
    rows: list[Row] = []
    found: list[str] = []
    outcomes: Counter[str] = Counter()
    with Sandbox(1, limits=LIMITS, second_look=0) as sandbox:
        sandbox.call("def f(x): return x", "f", [[1]])
        me = psutil.Process()
        before = (me.num_fds(), len(me.children(recursive=True)))
        secret = 0
        stop = time.monotonic() + seconds * 0.8
        while time.monotonic() < stop:
            secret += 1
            if draw.random() < 0.5:
                source, kind = random_python(draw), "random Python"
            else:
                answer = random_answer(draw)
                source = f"import os\ndef f(x):\n    os.write(3, {answer!r})\n    os._exit(0)"
                kind = "random answer"
            started = time.monotonic()
            try:
                result = sandbox.call(source, "f", [[secret]])
            except Exception as error:  # noqa: BLE001 - any at all is a find
                found.append(f"{kind}: {type(error).__name__}: {error}: {source!r}")
                continue
            outcomes[f"{kind}: {result.outcome}"] += 1
            if time.monotonic() - started > 5:
                found.append(f"{kind}: a hang: {source!r}")
            if result.calls and result.calls[0].value == 7919 * secret + 13:  # what a right answer would be
                found.append(f"{kind}: an answer that nobody computed: {source!r}")
            payload = random_answer(draw)
            if not decodes_or_refuses(payload):
                found.append(f"decoder: {payload!r}")
        after = (me.num_fds(), len(me.children(recursive=True)))
        if after != before:
            found.append(f"a leak: descriptors and processes {before} before, {after} after")
    rows += [Row(name, count) for name, count in sorted(outcomes.items())]
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("atheris is not installed: pip install atheris", file=sys.stderr)
    else:
        said, tried = fuzz_decoder(seconds * 0.2)
        rows.append(Row("decoder, inputs that atheris tried", tried))
        found += [f"decoder: {said}"] if said else []
    rows.append(Row("found", len(found)))
    print_rows(f"fuzzing the sandbox, {seconds:g} s, seed {seed}", rows)
    for what in found[:20]:
        print(what[:1000])
    os._exit(bool(found))


if __name__ == "__main__":
    main()
