"""What a formula of a generated problem is worth: a small calculator that shares nothing with the generators."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath

_TOKEN = re.compile(r"\\[a-zA-Z]+|\d+|[a-zA-Z]|[-+/^_{}()|=]")
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    r"\sin": mpmath.sin,
    r"\cos": mpmath.cos,
    r"\tan": mpmath.tan,
    r"\ln": mpmath.log,
    r"\sqrt": mpmath.sqrt,
}


def real(text: str) -> Any:
    return mpmath.mpf(text)


def value(text: str, known: Mapping[str, Any] | None = None, leaf: Callable[[str], Any] = Fraction) -> Any:
    """Exact for polynomials and rational functions; give `leaf=real` where there are other functions."""
    parser = _Parser(text, known or {}, leaf)
    result = parser.sum()
    assert parser.here is None, f"{text!r}: {parser.here!r} is left"
    return result


class _Parser:
    def __init__(self, text: str, known: Mapping[str, Any], leaf: Callable[[str], Any]) -> None:
        text = re.sub(r"\\left|\\right|\\,", "", text)
        assert not re.sub(r"\s", "", _TOKEN.sub("", text)), text
        self.tokens = _TOKEN.findall(text)
        self.known, self.leaf = known, leaf

    @property
    def here(self) -> str | None:
        return self.tokens[0] if self.tokens else None

    def take(self, expected: str | None = None) -> str:
        token: str = self.tokens.pop(0)
        assert expected is None or token == expected, f"{token!r}, not {expected!r}"
        return token

    def sum(self) -> Any:
        sign = -1 if self.here == "-" and self.take() else 1
        result = sign * self.product()
        while self.here in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            result = result + sign * self.product()
        return result

    def product(self) -> Any:
        result = self.power()
        while self.here is not None and self.here not in ("+", "-", ")", "}", "|", "="):
            if self.here == r"\cdot":
                self.take()
                result = result * self.power()
            elif self.here == "/":
                self.take()
                result = result / self.power()
            else:
                result = result * self.power()
        return result

    def power(self) -> Any:
        base = self.atom()
        if self.here != "^":
            return base
        self.take()
        exponent = self.group() if self.here == "{" else self.leaf(self.take()[:]) if self.is_number() else self.atom()
        if isinstance(exponent, Fraction) and exponent.denominator == 1:
            return base ** int(exponent)
        return base**exponent

    def is_number(self) -> bool:
        return self.here is not None and self.here.isdigit()

    def group(self) -> Any:
        self.take("{")
        result = self.sum()
        self.take("}")
        return result

    def atom(self) -> Any:
        token = self.take()
        if token.isdigit():
            return self.leaf(token)
        if token in self.known:
            return self.known[token]
        if token == "e":
            return mpmath.e
        if token == r"\pi":
            return mpmath.pi
        if token == r"\frac":
            over = self.group()
            return over / self.group()
        if token == r"\sqrt":
            return mpmath.sqrt(mpmath.mpmathify(self.group()))
        if token == r"\log":
            self.take("_")
            base = self.group()
            return mpmath.log(self.atom()) / mpmath.log(base)
        if token in _FUNCTIONS:
            return _FUNCTIONS[token](self.atom())
        if token in "(|":
            result = self.sum()
            self.take({"(": ")", "|": "|"}[token])
            return abs(result) if token == "|" else result
        raise AssertionError(f"unknown {token!r}")
