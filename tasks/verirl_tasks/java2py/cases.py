"""Translations that this task vouches for: for each tag a small method with a right one and a wrong one, such as a translator
writes who does not know the difference; then answers that are no translation at all."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from verirl.types import Case, Problem, Status
from verirl_tasks.java2py.prompt import answer

_I32 = "def i32(n):\n    return (n + 2**31) % 2**32 - 2**31\n\n"
_I64 = "def i64(n):\n    return (n + 2**63) % 2**64 - 2**63\n\n"
_DIV = "def div(a, b):\n    q = abs(a) // abs(b)\n    return q if (a < 0) == (b < 0) else -q\n\n"
_CHARS = "def units(s):\n    b = s.encode('utf-16-le', 'surrogatepass')\n    return [b[i] + 256 * b[i + 1] for i in range(0, len(b), 2)]\n\n"


@dataclass(frozen=True)
class Pair:
    """`java` is the body of a class; the method is the one named f."""

    tag: str
    java: str
    right: str
    wrong: str


PAIRS = (
    Pair("overflow", "static int f(int a, int b) { return a * b + 1; }",
         _I32 + "def f(a, b):\n    return i32(a * b + 1)", "def f(a, b):\n    return a * b + 1"),
    Pair("division", "static int f(int a, int b) { return a / b; }",
         _I32 + _DIV + "def f(a, b):\n    return i32(div(a, b))", "def f(a, b):\n    return a // b"),
    Pair("remainder", "static int f(int a) { return a % 7; }",
         "import math\ndef f(a):\n    return int(math.fmod(a, 7))", "def f(a):\n    return a % 7"),
    Pair("shift", "static int f(int a, int n) { return a << n; }",
         _I32 + "def f(a, n):\n    return i32(a << (n & 31))",
         _I32 + "def f(a, n):\n    return i32(a << n) if 0 <= n < 64 else 0"),
    Pair("unsigned-shift", "static int f(int a) { return a >>> 3; }",
         "def f(a):\n    return (a & 0xFFFFFFFF) >> 3", "def f(a):\n    return a >> 3"),
    Pair("char-arithmetic", "static char f(char c) { return (char) (c + 1); }",
         "def f(c):\n    return chr((ord(c) + 1) & 0xFFFF)", "def f(c):\n    return chr(ord(c) + 1) if c != 'z' else 'a'"),
    Pair("narrowing", "static byte f(int a) { return (byte) a; }",
         "def f(a):\n    return (a + 128) % 256 - 128", "def f(a):\n    return max(-128, min(127, a))"),
    Pair("compound-assignment", "static int f(int a) { short s = 1000; s += a; return s; }",
         "def f(a):\n    return (1000 + a + 32768) % 65536 - 32768", "def f(a):\n    return 1000 + a"),
    Pair("rounding", "static long f(double x) { return Math.round(x); }",
         "import math\ndef f(x):\n    if x != x:\n        return 0\n    if abs(x) >= 2.0**63:\n"
         "        return 2**63 - 1 if x > 0 else -2**63\n    n = math.floor(x)\n    return n + (x - n >= 0.5)",
         "import math\ndef f(x):\n    if x != x:\n        return 0\n    if abs(x) >= 2.0**63:\n"
         "        return 2**63 - 1 if x > 0 else -2**63\n    return round(x)"),
    Pair("float-format", "static String f(int a) { return \"\" + a / 4.0; }",
         "def f(a):\n    x = a / 4\n    if abs(x) < 1e7:\n        return repr(x)\n"
         "    from decimal import Decimal\n    sign, digits, exponent = Decimal(repr(x)).normalize().as_tuple()\n"
         "    text = ''.join(map(str, digits))\n    power = len(text) - 1 + exponent\n"
         "    return ('-' if sign else '') + text[0] + '.' + (text[1:] or '0') + f'E{power}'",
         "def f(a):\n    return str(a / 4)"),
    Pair("float-single", "static float f(float a, float b) { return a * b; }",
         "import math, struct\ndef f(a, b):\n    x = a * b\n    if math.isnan(x) or math.isinf(x):\n        return x\n    try:\n"
         "        return struct.unpack('f', struct.pack('f', x))[0]\n    except OverflowError:\n        return math.copysign(math.inf, x)",
         "def f(a, b):\n    return a * b"),
    Pair("split", "static int f(String s) { return s.split(\",\").length; }",
         "def f(s):\n    if ',' not in s:\n        return 1\n    parts = s.split(',')\n    while parts and not parts[-1]:\n"
         "        parts.pop()\n    return len(parts)",
         "def f(s):\n    return len(s.split(','))"),
    Pair("hashcode", "static int f(String s) { return s.hashCode(); }",
         _I32 + _CHARS + "def f(s):\n    h = 0\n    for c in units(s):\n        h = i32(31 * h + c)\n    return h",
         "def f(s):\n    h = 0\n    for c in s:\n        h = 31 * h + ord(c)\n    return h"),
    Pair("boxed-equality", "static boolean f(int a) { Integer x = a, y = a; return x == y; }",
         "def f(a):\n    return -128 <= a <= 127", "def f(a):\n    return True"),
    Pair("abs-min", "static int f(int a) { return Math.abs(a) / 2; }",
         "def f(a):\n    return -2**30 if a == -2**31 else abs(a) // 2", "def f(a):\n    return abs(a) // 2"),
    Pair("utf16-length", "static int f(String s) { return s.length(); }",
         "def f(s):\n    return len(s.encode('utf-16-le', 'surrogatepass')) // 2", "def f(s):\n    return len(s)"),
    Pair("evaluation-order", "static int f(int[] a) { int i = 0; int x = a[i++] - a[i++] * 2; a[i] = x; return i; }",
         _I32 + "def f(a):\n    x = i32(a[0] - a[1] * 2)\n    a[2] = x\n    return 2",
         _I32 + "def f(a):\n    x = i32(a[1] - a[0] * 2)\n    a[2] = x\n    return 2"),
    Pair("fall-through",
         "static int f(int a) { int r = 0; switch (a) { case 1: r += 1; case 2: r += 2; break; case 7: r = 9; default: r--; } return r; }",
         "def f(a):\n    return {1: 3, 2: 2, 7: 8}.get(a, -1)", "def f(a):\n    return {1: 1, 2: 2, 7: 8}.get(a, -1)"),
    Pair("labelled-break",
         "static int f(int[] a) { int n = 0; all: for (int x : a) { for (int y : a) { if (x + y == 0) break all; n++; } } return n; }",
         _I32 + "def f(a):\n    n = 0\n    for x in a:\n        for y in a:\n            if i32(x + y) == 0:\n                return n\n"
         "            n += 1\n    return n",
         _I32 + "def f(a):\n    n = 0\n    for x in a:\n        for y in a:\n            if i32(x + y) == 0:\n                break\n"
         "            n += 1\n    return n"),
    Pair("map-order",
         "static Map<String, Integer> f(List<String> a) { Map<String, Integer> m = new TreeMap<>(); for (String s : a) m.merge(s, 1, Integer::sum); return m; }",
         "def f(a):\n    m = {}\n    for s in a:\n        m[s] = m.get(s, 0) + 1\n"
         "    return dict(sorted(m.items(), key=lambda p: p[0].encode('utf-16-be', 'surrogatepass')))",
         "def f(a):\n    m = {}\n    for s in a:\n        m[s] = m.get(s, 0) + 1\n    return m"),
    Pair("exceptions", "static int f(List<Integer> a, int i) { return a.get(i) + 0; }",
         "def f(a, i):\n    if i < 0:\n        raise IndexError(i)\n    return a[i]", "def f(a, i):\n    return a[i]"),
    Pair("aliasing", "static int f(int[] a) { int[] b = a; b[0] += 5; return a[0]; }",
         _I32 + "def f(a):\n    a[0] = i32(a[0] + 5)\n    return a[0]",
         _I32 + "def f(a):\n    b = a[:]\n    b[0] = i32(b[0] + 5)\n    return b[0]"),
    Pair("string-builder",
         "static String f(String s) { StringBuilder b = new StringBuilder(s); if (b.length() > 2) b.deleteCharAt(1).insert(0, 'x').setLength(2); return b.toString(); }",
         _CHARS + "def f(s):\n    u = units(s)\n    if len(u) > 2:\n        u = [120, u[0]]\n"
         "    return b''.join(c.to_bytes(2, 'little') for c in u).decode('utf-16-le', 'surrogatepass')",
         "def f(s):\n    if len(s) > 2:\n        s = 'x' + s[0] + s[2:]\n    return s"),
    Pair("integer-parsing", "static int f(String s) { return Integer.parseInt(s); }",
         "import re\ndef f(s):\n    if not re.fullmatch('[+-]?[0-9]+', s):\n        raise ValueError(s)\n    n = int(s)\n"
         "    if not -2**31 <= n < 2**31:\n        raise ValueError(s)\n    return n",
         "def f(s):\n    return int(s)"),
    Pair("bit-twiddling", "static int f(int a) { return Integer.bitCount(a) + (a & -a); }",
         _I32 + "def f(a):\n    return i32(bin(a & 0xFFFFFFFF).count('1') + (a & -a if a != -2**31 else a))",
         "def f(a):\n    return bin(a).count('1') + (a & -a)"),
    Pair("recursion", "static int f(int n) { if (n < 0) return -1; return n < 2 ? n : f(n - 1) + f(n - 2); }",
         _I32 + "def f(n):\n    if n < 0:\n        return -1\n    return n if n < 2 else i32(f(n - 1) + f(n - 2))",
         "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)"),
    Pair("sorting", "static void f(List<String> a) { a.sort(Comparator.comparing(String::length)); }",
         "def f(a):\n    a.sort(key=lambda s: len(s.encode('utf-16-le', 'surrogatepass')))",
         "def f(a):\n    a.sort(key=lambda s: (len(s.encode('utf-16-le', 'surrogatepass')), s))"),
    Pair("collections", "static List<Integer> f(List<Integer> a) { a.remove(1); return new ArrayList<>(new LinkedHashSet<>(a)); }",
         "def f(a):\n    del a[1]\n    return list(dict.fromkeys(a))", "def f(a):\n    a.remove(1)\n    return list(dict.fromkeys(a))"),
    Pair("classes",
         "static class Counter { int n; void add(int k) { n = Math.max(n - 1, k); } } static int f(int[] a) { Counter c = new Counter(); for (int x : a) c.add(x); return c.n; }",
         "class Counter:\n    def __init__(self):\n        self.n = 0\n    def add(self, k):\n        self.n = max(self.n - 1, k)\n"
         "def f(a):\n    c = Counter()\n    for x in a:\n        c.add(x)\n    return c.n",
         "class Counter:\n    n = 0\n    def add(self, k):\n        self.n = max(self.n, k)\n"
         "def f(a):\n    c = Counter()\n    for x in a:\n        c.add(x)\n    return c.n"),
    Pair("null-handling", "static String f(String s) { return (s == null ? \"none\" : \"<\" + s) + \">\"; }",
         "def f(s):\n    return ('none' if s is None else '<' + s) + '>'", "def f(s):\n    return ('<' + s if s else 'none') + '>'"),
    Pair("string-methods", "static String f(String s) { return s.trim().substring(1).replaceAll(\"a+\", \"-\"); }",
         _CHARS + "import re\ndef f(s):\n    s = s.strip(''.join(map(chr, range(33))))\n    if not s:\n        raise IndexError\n"
         "    u = units(s)[1:]\n    s = b''.join(c.to_bytes(2, 'little') for c in u).decode('utf-16-le', 'surrogatepass')\n"
         "    return re.sub('a+', '-', s)",
         "def f(s):\n    s = s.strip()\n    return s[1:].replace('a', '-')"),
    Pair("ternary-promotion", "static String f(boolean b) { return \"\" + (b ? 1 : 2.0); }",
         "def f(b):\n    return '1.0' if b else '2.0'", "def f(b):\n    return '1' if b else '2.0'"),
    Pair("plain", "static int f(int a, int b) { return a > b ? a : b; }",
         "def f(a, b):\n    return a if a > b else b", "def f(a, b):\n    return max(a, b, 0)"),
)  # fmt: skip

_JAVA = "static int f(int a) { return a > 10 ? a - 3 : 7; }"
_RIGHT = "def f(a):\n    return a - 3 if a > 10 else 7\n"
# (name, response, expected): to `_JAVA`.
OTHERS = (
    ("none", "I cannot do that.", Status.NO_ANSWER),
    ("java-only", "```java\nstatic int f(int a) { return 7; }\n```", Status.NO_ANSWER),
    ("cut-off", f"```python\n{_RIGHT}", Status.NO_ANSWER),
    ("last-block", f"{answer('def f(a): return 1')}\nBetter:\n{answer(_RIGHT)}", Status.CORRECT),
    ("first-block", f"{answer(_RIGHT)}\nOr:\n{answer('def f(a): return 1')}", Status.INCORRECT),
    ("syntax", answer("def f(a) return 7"), Status.UNPARSEABLE),
    ("other-name", answer(_RIGHT.replace("f(", "g(")), Status.UNPARSEABLE),
    ("within-a-class", answer("class Solution:\n" + textwrap.indent(_RIGHT, "    ")), Status.UNPARSEABLE),
    ("os", answer("import os\n" + _RIGHT), Status.LIMIT),
    ("subprocess", answer("from subprocess import run\n" + _RIGHT), Status.LIMIT),
    ("ctypes", answer(_RIGHT + "    import ctypes"), Status.LIMIT),
    ("by-name", answer(_RIGHT.replace("return", "__import__('os'); return")), Status.LIMIT),
    ("constant", answer("def f(a): return 7"), Status.INCORRECT),
    ("echo", answer("def f(a): return a"), Status.INCORRECT),
    ("nothing", answer("def f(a): pass"), Status.INCORRECT),
    ("raises", answer("def f(a): raise ValueError"), Status.INCORRECT),
    ("equals-everything", answer("class E:\n    def __eq__(self, other): return True\ndef f(a): return E()"), Status.INCORRECT),
    ("bool-for-int", answer(_RIGHT.replace("else 7", "else True")), Status.INCORRECT),
    ("float-for-int", answer(_RIGHT.replace("else 7", "else 7.0")), Status.INCORRECT),
    ("loop", answer("def f(a):\n    while True: pass"), Status.TIMEOUT),
    ("memory", answer("def f(a): return len([0] * 10**11)"), Status.LIMIT),
    ("exit", answer("def f(a): raise SystemExit(0)"), Status.INCORRECT),
    ("counter", answer("n = [0]\ndef f(a):\n    n[0] += 1\n    return a - 3 if a > 10 else 7 + n[0] // 40"), Status.INCORRECT),
    ("dataclass", answer(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass P:\n    a: int\n"
        "    other: P | None = None\ndef f(a):\n    p = P(a)\n    return p.a - 3 if p.a > 10 else 7"), Status.CORRECT),
)  # fmt: skip


def source(body: str) -> str:
    return f"import java.util.*;\n\nclass Solution {{\n    {body}\n}}\n"


def cases() -> Iterator[Case]:
    for pair in PAIRS:
        data = {"java": source(pair.java), "method": "f"}
        for kind, code, expected in (
            ("right", pair.right, Status.CORRECT),
            ("wrong", pair.wrong, Status.INCORRECT),
        ):
            problem = Problem(id=f"case-{pair.tag}-{kind}", prompt=[], data=data, split="test", tags=(pair.tag,))
            yield Case(problem=problem, response=answer(code), expected=expected, source="verirl")
    for name, response, status in OTHERS:
        problem = Problem(id=f"case-{name}", prompt=[], data={"java": source(_JAVA), "method": "f"}, split="test")
        yield Case(problem=problem, response=response, expected=status, source="verirl")
