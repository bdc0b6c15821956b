"""Recording, in a JVM in the sandbox: what the Java does, what is dropped, what is refused; and the cache."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verirl_sandbox import Sandbox, backends
from verirl_tasks.java2py import oracle
from verirl_tasks.java2py.java import JavaError
from verirl_tasks.java2py.oracle import Job, NoJavaError, Oracle, Recording, record

needs_java = pytest.mark.skipif(
    shutil.which("javac") is None or backends.problem("namespaces") is not None, reason="needs a JDK and bubblewrap"
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1) as made:
        yield made


def source(body: str) -> str:
    return f"import java.util.*;\nclass A {{\n{body}\n}}\n"


def job(body: str, *inputs: list[Any], method: str = "f") -> Job:
    return Job(source(body), method, inputs)


KEPT = [
    ("static int f(int a) { return a / 0; }", [1], ("java.lang.ArithmeticException", None, None)),
    ("static int f(int a) { return a * 2; }", [2**30], (None, -(2**31), None)),
    ("int n; int f(int a) { n += a; return n; }", [5], (None, 5, None)),
    ("static float f(float a) { return a / 3; }", [1.0], (None, 0.3333333432674408, None)),
    ("static double f(double a) { return -a; }", ["Infinity"], (None, "-Infinity", None)),
    ("static double f(double a) { return a; }", [-0.0], (None, -0.0, None)),
    ("static long f(long a) { return a; }", [-(2**63)], (None, -(2**63), None)),
    ("static String f(String s) { return s.substring(1); }", ["a\ud83d\ude00\n\"\\"], (None, "😀\n\"\\", None)),
    ("static char f(String s) { return s.charAt(0); }", ["😀"], (None, "\ud83d", None)),
    ("static void f(int[] a) { a[0] = 9; }", [[1, 2]], (None, None, [[9, 2]])),
    ("static int f(List<Integer> a) { a.remove(0); return 1; }", [[1, 2]], (None, 1, [[2]])),
    ("static int f(List<Integer> a) { a.add(1); throw new IllegalStateException(); }", [[]],
     ("java.lang.IllegalStateException", None, None)),
    ("static Map<String, Integer> f(String s) { Map<String, Integer> m = new TreeMap<>(); m.put(s, 1); m.put(\"a\", 2); return m; }",
     ["b"], (None, ["ordered", ["a", 2], ["b", 1]], None)),
    ("static Map<Integer, Long> f(int s) { Map<Integer, Long> m = new HashMap<>(); m.put(s, 1L); return m; }", [3], (None, [[3, 1]], None)),
    ("static Optional<Integer> f(int a) { return a > 0 ? Optional.of(a) : Optional.empty(); }", [0], (None, None, None)),
    ("static Object f(Object a) { return List.of(a, 'c', 2L, 0.5f); }", [{"string": "x"}],
     (None, {"list": [{"string": "x"}, {"char": "c"}, {"long": 2}, {"float": 0.5}]}, None)),
    ("static int f(int... a) { return a.length; }", [[1, 2, 3]], (None, 3, None)),
    ("static Integer f(int a) { return null; }", [1], (None, None, None)),
    ("static Set<String> f(Set<String> a) { return a; }", [["b", "a"]], (None, ["b", "a"], None)),
    ("static byte[][] f(byte[][] a) { return a; }", [[[1], []]], (None, [[1], []], None)),
    ("record P(int x) {} static int f(int a) { return new P(a).x(); }", [4], (None, 4, None)),
    ("static int f(int a) { System.out.println(a); return switch (a) { case 1 -> 5; default -> 6; }; }", [1], (None, 5, None)),
    ("static boolean f(int a) { if (a > 1) for (int i = 0; i < a; i++) if (i == 3) return true; else continue; return false; }",
     [9], (None, True, None)),
]  # fmt: skip


@needs_java
def test_what_the_java_does_is_recorded(sandbox: Sandbox) -> None:
    found = record([job(body, given) for body, given, _ in KEPT], sandbox)
    for (body, given, wanted), recording in zip(KEPT, found, strict=True):
        assert isinstance(recording, Recording), (body, recording)
        (one,) = recording.records
        assert json.dumps((one.exception, one.value, one.after)) == json.dumps(wanted), body
        assert one.args == given


@needs_java
def test_arguments_come_in_the_order_of_the_java_collection(sandbox: Sandbox) -> None:
    bodies = {
        "TreeMap<String, Integer>": [["a", 2], ["b", 1]],
        "Map<String, Integer>": [["b", 1], ["a", 2]],
    }
    jobs = [job(f"static int f({type} m) {{ return 0; }}", [[["b", 1], ["a", 2]]]) for type in bodies]
    for recording, wanted in zip(record(jobs, sandbox), bodies.values(), strict=True):
        assert isinstance(recording, Recording)
        assert recording.records[0].args == [wanted]


DROPPED = {
    "steps": "static int f(int n) { int s = 0; for (int i = 0; i < n; i++) s += i; return s; }",
    "depth": "static int f(int n) { return n == 0 ? 0 : f(n - 1); }",
    "memory": "static int f(int n) { return new int[n].length; }",
    "size": "static String f(int n) { return \"x\".repeat(n); }",
}  # fmt: skip


@needs_java
def test_inputs_that_go_too_far_are_dropped_and_counted(sandbox: Sandbox) -> None:
    found = record([job(body, [3], [7_000_000]) for body in DROPPED.values()], sandbox)
    for reason, recording in zip(DROPPED, found, strict=True):
        assert isinstance(recording, Recording), recording
        assert len(recording.records) == 1
        assert recording.dropped == {reason: 1}


REFUSED = [
    ("static int f(int a) {\n  return a +;\n}", "does not compile: line 4: illegal start of expression"),
    ("static int f(int a) {\n  String s = a;\n return 1; }", "does not compile: line 4: incompatible types"),
    ("static int f(int a) { }", "does not compile: line 3: missing return"),
    ("static double f(int a) { return Math.random(); }", "not deterministic: [4] gave [\"value\", 0."),
    ("static int n; static int f(int a) { return n++; }", "not deterministic"),
    ("static int f(int a) { return new Object().hashCode(); }", "not deterministic"),
    ("static int f(int a) { return new Scanner(System.in).nextInt(); }", "reads standard input"),
    ("static int f(int a) { System.exit(0); return 1; }", "ends the Java program (System.exit)"),
    ("static int f(int a) { return (int) java.util.stream.LongStream.range(0, 1L << 50).filter(x -> x % 7 == a).count(); }",
     "runs for ever"),
    ("static int g(int a) { return 1; }", "no method 'f'; it has: g"),
    ("static int f(Runnable a) { return 1; }", "the type Runnable of parameter a"),
    ("static Object f(int a) { return new Thread(); }", "gives back java.lang.Thread"),
    ("static int[] n = new int[-1]; static int f(int a) { return 1; }", "cannot be called: java.lang.NegativeArraySize"),
]  # fmt: skip


@needs_java
def test_what_cannot_be_recorded_is_refused_with_the_cause_and_the_others_are_not(sandbox: Sandbox) -> None:
    bodies = ("static int f(int a) { return a; }", *(body for body, _ in REFUSED))
    good, *found = record([job(body, [1], [2], [3], [4]) for body in bodies], sandbox)
    for (body, said), answer in zip(REFUSED, found, strict=True):
        assert isinstance(answer, JavaError), body
        assert said in str(answer), body
    assert isinstance(good, Recording)
    assert [one.value for one in good.records] == [1, 2, 3, 4]


@needs_java
@pytest.mark.parametrize("body, said", [one for one in REFUSED if "does not compile" in one[1]])
def test_java_that_does_not_compile_is_refused_alone_too(sandbox: Sandbox, body: str, said: str) -> None:
    (answer,) = record([job(body, [1])], sandbox)
    assert isinstance(answer, JavaError) and said in str(answer)


@needs_java
def test_a_method_that_never_ends_is_refused(sandbox: Sandbox) -> None:
    body = "static int f(int a) { while (a != a + 1) a += 2; return a; }"
    (answer,) = oracle.record_pools([(source(body), "f", "training")], 50, "all", sandbox)
    assert isinstance(answer, JavaError)
    assert "ends on 0 of" in str(answer)
    assert "steps" in str(answer)


@needs_java
def test_methods_that_take_long_are_asked_small_numbers(sandbox: Sandbox) -> None:
    body = "static int f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }"
    (answer,) = oracle.record_pools([(source(body), "f", "training")], 40, "all", sandbox)
    assert isinstance(answer, Recording)
    assert answer.dropped
    assert {value for one in answer.records for value in one.args} >= set(range(15))


@needs_java
def test_recordings_are_kept_and_shared(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Oracle(90, folder=tmp_path)
    java, bad = source("static int f(int a) { return a + 1; }"), source("static int g() { return 1; }")
    made.prepare([(java, "f", "training"), (java, "f", "evaluation"), (bad, "f", "training")], sandbox)
    monkeypatch.setattr(oracle, "record_pools", None)  # nothing is recorded again
    made.prepare([(java, "f", "training"), (bad, "f", "training")], sandbox)
    training, evaluation = (Oracle(90, folder=tmp_path).load(java, "f", pool) for pool in ("training", "evaluation"))
    assert training is not None and evaluation is not None
    assert len(training.records) == len(training.classes) == len(training.steps) == 90
    assert all(one.value == (one.args[0] + 1 + 2**31) % 2**32 - 2**31 for one in training.records)
    assert [one.args for one in training.records] != [one.args for one in evaluation.records]
    assert made.load(java, "f", "training") is not None
    with pytest.raises(JavaError, match="no method 'f'"):
        made.load(bad, "f", "training")
    assert Oracle(31, folder=tmp_path).load(java, "f", "training") is None
    assert not list(tmp_path.glob("*/tmp*"))


def test_a_broken_file_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    made = Oracle(30, folder=tmp_path)
    key = made.key("class A {}", "f", "training")
    made.write(key, b"x")
    made.path(key).write_bytes(made.path(key).read_bytes()[:5])
    assert made.load("class A {}", "f", "training") is None
    assert not made.path(key).exists()


@needs_java
def test_two_processes_that_want_the_same_record_it_once(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from pathlib import Path
        from verirl_sandbox import Sandbox
        from verirl_tasks.java2py import oracle
        calls, real = [], oracle.record_pools
        def counted(wanted, *rest):
            calls.extend(wanted)
            return real(wanted, *rest)
        oracle.record_pools = counted
        made = oracle.Oracle(20, folder=Path(sys.argv[1]))
        java = "class A { static int f(int a) { return a + %d; } }"
        made.prepare([(java % n, "f", "training") for n in range(4)], Sandbox(1))
        assert made.load(java % 3, "f", "training")
        print(len(calls))
    """
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts = [int(process.communicate()[0]) for process in running]
    assert sorted(counts) == [0, 4]


def test_without_java_the_error_says_what_to_install(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(oracle, "_compiled", {})
    monkeypatch.setattr(oracle.shutil, "which", lambda name: None)
    with pytest.raises(NoJavaError, match=r"javac and java not found.*install a JDK"):
        Oracle(20, folder=tmp_path).prepare(
            [("class A { static int f(int a) { return a; } }", "f", "training")], sandbox
        )
