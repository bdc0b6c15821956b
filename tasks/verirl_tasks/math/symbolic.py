"""sympy, the judge of last resort: sums, products, integrals, limits. It is given a tree that we built, never text.

Nothing here is bounded in time: it runs in a worker process, under that worker's limit of CPU time.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from verirl_tasks.math.tree import Node, TooDear
from verirl_tasks.math.values import NotRational

TERMS_CAP = 10_000  # of a sum or product whose bounds are numbers


def load() -> None:
    """Imports sympy, which takes most of a second."""
    import sympy  # noqa: F401


def same_value(gold: Node, answer: Node) -> bool:
    """Whether the difference is zero. Raises NotRational for what has no counterpart in sympy, TooDear."""
    import sympy

    difference = (_expression(gold) - _expression(answer)).doit()
    if difference.has(sympy.Integral, sympy.Sum, sympy.Product, sympy.Limit):
        raise NotRational("what sympy cannot work out")
    if difference == 0:
        return True
    if not difference.free_symbols:
        value = sympy.N(difference, 60, maxn=2_000)
        return bool(abs(value) < sympy.Float(10) ** -40)
    return bool(sympy.simplify(difference) == 0)


def _expression(node: Node) -> Any:
    import sympy

    kind = node.kind
    if kind == "number":
        return sympy.Rational(node.number.numerator, node.number.denominator)
    if kind == "symbol":
        # Counting variables and the variables of integrals are real; that much the notation says.
        return sympy.Symbol(node.name, real=True)
    if kind == "constant":
        return {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "infinity": sympy.oo}[node.name]
    if kind in ("sum", "product", "integral", "limit"):
        return _operator(node)
    if kind == "pow" and _magnitude(node.args[1]) > 1_000:
        raise TooDear("a huge exponent")
    if kind in ("factorial", "binomial") and any(_magnitude(arg) > 1_000 for arg in node.args):
        raise TooDear("a huge factorial or binomial")
    args = [_expression(arg) for arg in node.args]
    if kind in ("group", "quantity"):
        return args[0]
    if kind == "neg":
        return -args[0]
    if kind in ("add", "mixed"):
        return args[0] + args[1]
    if kind == "mul":
        return args[0] * args[1]
    if kind == "div":
        return args[0] / args[1]
    if kind == "percent":
        return args[0] / 100
    if kind == "degree":
        return args[0] * sympy.pi / 180
    if kind == "pow":
        return args[0] ** args[1]
    if kind == "root":
        return sympy.real_root(args[0], args[1]) if args[1].is_odd else args[0] ** (1 / args[1])
    if kind == "function":
        return _function(node.name, args)
    known = {
        "sqrt": sympy.sqrt, "abs": sympy.Abs, "floor": sympy.floor, "ceil": sympy.ceiling, "mod": sympy.Mod,
        "factorial": sympy.factorial, "double_factorial": sympy.factorial2, "binomial": sympy.binomial,
    }  # fmt: skip
    if kind not in known:
        raise NotRational(kind)
    return known[kind](*args)


def _operator(node: Node) -> Any:
    import sympy

    body, variable, *bounds = (_expression(arg) for arg in node.args)
    if node.kind == "limit":
        return sympy.Limit(body, variable, bounds[0])
    if node.kind == "integral":
        if not bounds:
            raise NotRational("an integral without bounds")
        return sympy.Integral(body, (variable, *bounds))
    low, high = bounds
    if low.is_number and high.is_number and high.is_finite and high - low > TERMS_CAP:
        raise TooDear(f"a {node.kind} of more than {TERMS_CAP} terms")
    return (sympy.Sum if node.kind == "sum" else sympy.Product)(body, (variable, low, high))


def _function(name: str, args: list[Any]) -> Any:
    import sympy

    if name in ("log", "lg"):
        return sympy.log(args[0], args[1] if len(args) > 1 else 10)
    if name in ("gcd", "lcm"):
        return reduce(getattr(sympy, name), args)
    names = {"ln": "log", "max": "Max", "min": "Min", "sgn": "sign", "Re": "re", "Im": "im"}
    inverse = {"arc" + rest: "a" + rest for rest in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh")}
    return getattr(sympy, names.get(name, inverse.get(name, name)))(*args)


def _magnitude(node: Node) -> float:
    """The largest number in a tree that is written out."""
    own = abs(node.number) if node.kind == "number" else 0
    try:
        return max(float(own), *map(_magnitude, node.args), 0.0)
    except OverflowError:
        return float("inf")
