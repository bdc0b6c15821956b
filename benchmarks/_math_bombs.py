r"""Answers that are cheap to write and dear to work out, and responses that are dear to read: (gold, response, correct).

None of them is right, but for those that bury a right answer in 150 kB. `correct` None: either verdict will do.
"""

from __future__ import annotations

Bomb = tuple[str, str, bool | None]


def _boxed(gold: str, *answers: str) -> list[Bomb]:
    return [(gold, f"\\boxed{{{answer}}}", False) for answer in answers]


def _nest(function: str, depth: int, inner: str = "x") -> str:
    return rf"{function}(" * depth + inner + ")" * depth


def _towers() -> list[Bomb]:
    return _boxed(
        "7",
        "9^{9^{9^{9^9}}}",
        r"2^{2^{2^{2^{2^{2}}}}} \bmod 10",
        "^".join(["7"] * 200),
        "{" * 60 + "9" + "}^9" * 60,
        "(" * 30 + "9" + ")^{99}" * 30,
        r"\left(1 + 10^{-9}\right)^{10^{9}}",
        r"10^{10^{10}} - 10^{10^{10}} + 8",
        r"2^{-2^{2^{100}}}",
        r"\sqrt[10^{9}]{10^{10^{9}}}",
        r"\frac{9^{9^9} + 1}{9^{9^9}}",
        r"(0.999999999)^{10^{12}}",
        r"i^{i^{i^{i^{i^{i}}}}}",
        r"e^{e^{e^{e^{e^{e}}}}}",
        "9e999999999",
        "1e-999999999",
        r"5 \times 10^{999999999}",
        r"3 \uparrow\uparrow\uparrow\uparrow 3",
        "7^{7^{10}}",
        r"3^{10^{10}} \bmod 10",
        r"\left(\frac{2}{3}\right)^{10^{9}}",
    )


def _counting() -> list[Bomb]:
    return _boxed(
        "1",
        "(10^{12})!",
        "(10^{8})!",
        r"\binom{10^{8}}{5 \cdot 10^{7}}",
        "((((9!)!)!)!)!",
        "99999999!!",
        "9" + "!" * 400,
        r"\frac{(10^8)!}{(10^8 - 1)!}",
        r"\binom{10^{12}}{5 \cdot 10^{11}}",
        r"\binom{\binom{99}{49}}{\binom{98}{49}}",
        r"\gcd(10^{10^8}, 6)",
        r"2^{10^{9}} \bmod 97",
        r"\varphi(10^{300} + 1)",
        r"\lfloor \sqrt{10^{10^{7}}} \rfloor",
        r"\Gamma(10^{10})",
        r"\zeta(10^{10} + i)",
    )


def _sums() -> list[Bomb]:
    return _boxed(
        "2",
        r"\sum_{n=1}^{10^{12}} \frac{1}{n^2}",
        r"\sum_{n=1}^{\infty} \frac{\sin(n^{n})}{n!}",
        r"\sum_{i=1}^{999}\sum_{j=1}^{999}\sum_{k=1}^{999} \frac{1}{i+j+k}",
        r"\prod_{n=1}^{10^{9}} \left(1 + \frac{1}{n}\right)",
        r"\prod_{p} \frac{1}{1 - p^{-2}}",
        r"\int_0^{\infty} \frac{\sin(x^{x^{x}})}{1 + x^{10}} \, dx",
        r"\int_0^1\int_0^1\int_0^1\int_0^1 e^{xyzw} \, dx\,dy\,dz\,dw",
        r"\int \sqrt{\sin(x)^{\cos(x)}} \, dx",
        r"\lim_{n \to \infty} \left(1 + \frac{1}{n}\right)^{n^{n^{n}}}",
        r"\frac{d^{50}}{dx^{50}} \sin(x^{50})^{50}",
        r"\sum_{k=0}^{10^{6}} \binom{10^{6}}{k}",
    )


def _algebra() -> list[Bomb]:
    names = "abcdefghjkmnpqrstuvwxyz"
    many = "+".join(names)
    roots = "+".join(rf"\sqrt{{{n}}}" for n in range(2, 90))
    return [
        *_boxed(
            "x",
            f"({many})^{{60}}",
            f"({many})^{{400}}",
            "(x+1)^{100000} - x^{100000}",
            f"({many})^2({many})^3({many})^4",
        ),
        *_boxed("x", *("".join(f"(x+{n})" for n in range(1, top)) for top in (60, 120))),
        *_boxed(r"\sqrt{2}", roots, rf"({roots})^{{50}}", rf"\frac{{1}}{{{roots}}}"),
        *_boxed("x", _nest(r"\sin", 200), _nest(r"\ln", 100), _nest(r"\sqrt", 60).replace("(", "{").replace(")", "}")),
        *_boxed("x", _nest(r"\sin", 40, _nest(r"\arctan", 40, _nest(r"\exp", 40)))),
        *_boxed("1", r"\sqrt{" * 120 + "1 + x" + "}" * 120, r"\frac{1}{1+" * 150 + "x" + "}" * 150),
        *_boxed("1", r"\frac{" * 150 + "x" + r"}{y}" * 150, "|" * 301 + "x" + "|" * 301),
        *_boxed("x", "(" * 450 + "x" + ")" * 450, "[" * 300 + "x" + "]" * 300, r"\{" * 200 + "x" + r"\}" * 200),
        *_boxed("x", "+".join(["x"] * 480), "-" * 900 + "x", "\\cdot".join(["x"] * 150), "/".join(["x"] * 450)),
        *_boxed("x", r"\sin x \cos x " * 60, r"\log_{x} " * 100 + "x", "x" * 990, "x^" * 400 + "x"),
        *_boxed("2", r"\sqrt[999999]{2} \cdot \sqrt[999983]{3} \cdot \sqrt[999979]{5}"),
        *_boxed(r"\{1, 2\}", rf"\{{{', '.join(map(str, range(220)))}\}}", r"\{" + "1, " * 300 + r"2\}"),
        *_boxed("(0, 1)", r" \cup ".join(f"({n}, {n + 1})" for n in range(60))),
        *_boxed("0", r"\begin{pmatrix} " + r" \\ ".join([" & ".join(["9^9"] * 12)] * 12) + r" \end{pmatrix}"),
        *_boxed("0", r"\begin{vmatrix} " + r" \\ ".join([" & ".join("abcdefgh")] * 8) + r" \end{vmatrix}"),
        *_boxed("y = x", "x^{50}y^{50} + " * 30 + "1 = 0", "x" + "=x" * 300, "x" + "<x" * 300),
    ]


def _digits() -> list[Bomb]:
    return [
        *_boxed("3", "3" * 900, "0." + "3" * 900, "3" * 100_000, "1," + "000," * 20_000 + "000", "-" * 50_000 + "3"),
        *_boxed("3", rf"\frac{{{'9' * 450}}}{{{'7' * 450}}}", rf"{'9' * 400}^{{{'9' * 400}}}", "9" * 300 + r"\%" * 300),
        *_boxed("3" * 400, "3" * 399 + "4", "-" + "3" * 400, "3" * 400 + ".5"),
        *_boxed("0.1", "0." + "0" * 900 + "1", r"0.\overline{" + "1234567" * 100 + "}"),
    ]


def _soups() -> list[Bomb]:
    words = "the answer is "
    wrong = [
        words * 12_000 + "\\boxed{5}",
        "Answer: " * 20_000 + "\\boxed{5}",
        "\\boxed{" * 25_000,
        "{" * 75_000 + "\\boxed{5}" + "}" * 75_000,
        "}" * 150_000 + "\\boxed{5}",
        "$" * 150_001 + "\\boxed{5}",
        "\\[ \\( $ $$ " * 12_000 + "\\boxed{5}",
        "\\" * 150_000 + "\\boxed{5}",
        "```\n" * 37_000 + "\\boxed{5}",
        "<think>" * 20_000 + "\\boxed{4}",
        "</think>" * 18_000 + "\\boxed{5}",
        "<think></think>" * 10_000 + "\\boxed{5}",
        " " * 150_000 + "\\boxed{5}",
        "\n" * 150_000 + "\\boxed{5}",
        "\u0301" * 150_000 + "\\boxed{5}",
        "\ud800" * 1_000 + "\\boxed{5}",
        "1" * 150_000,
        "1 " * 75_000,
        "-" * 150_000 + "4",
        "4 or " * 30_000 + "\\boxed{5}",
        "\\boxed{4}, " * 14_000 + "\\boxed{5}",
        "\\frac{" * 25_000 + "\\boxed{5}",
        "\\left(" * 25_000 + "\\boxed{5}",
        "\\begin{align}" * 11_000 + "\\boxed{5}",
        "**" * 75_000 + "\\boxed{5}",
        "\\boxed{" + "\\text{" * 20_000 + "4" + "}" * 20_000 + "}",
        "\\boxed{" + "4 " * 70_000 + "}",
        "\\boxed{" + "\\," * 70_000 + "5}",
        "\\boxed{" + "\\sqrt" * 30_000 + "}",
        "\\boxed{4" + "%" * 100_000 + "}",
        "\\boxed{5" + " " * 100_000 + "}",
    ]
    right = [
        "We have $x = 1$ and so on. " * 5_500 + "So \\boxed{4}.",
        "\\boxed{3}. Wait, that is wrong. " * 4_500 + "It is \\boxed{4}.",
        "<think>" + "Let me see: \\boxed{5}? " * 6_000 + "</think> \\boxed{4}",
        "\\[ 1 + 1 = 2 \\] " * 9_000 + "\\[ \\boxed{4} \\]",
    ]
    either = [
        "\\boxed{4}" + " as the reader may check by hand." * 4_500,
        "\\boxed{5}" + " \\text{or} \\boxed{4}" * 7_000,
        "\\boxed{" * 10_000 + "4" + "}" * 9_999,
    ]
    found: list[Bomb] = [("4", text, False) for text in wrong]
    return [*found, *(("4", text, True) for text in right), *(("4", text, None) for text in either)]


def bombs() -> list[Bomb]:
    return [*_towers(), *_counting(), *_sums(), *_algebra(), *_digits(), *_soups()]
