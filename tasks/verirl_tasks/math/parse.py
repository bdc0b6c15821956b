r"""Turns an answer written in LaTeX or plain text into a small tree. Nothing is evaluated here.

Own tokenizer and recursive descent over a whitelist: what is not listed is a ParseError, never a guess, and no text
is ever handed to `eval`, to `sympify` or to anything like them. Size, depth and digits are bounded.

    answer   = item {("," | ";" | "and" | "or") item}
    item     = ["$"] relation [unit]
    relation = expr [("=" | "<" | ... | "\in") expr] | set {"\cup" set}
    expr     = term {("+" | "-" | "\pm") term}
    term     = signed {("*" | "/" | nothing) signed}
    signed   = {"-" | "+"} power
    power    = postfix ["^" exponent]
    postfix  = primary ["!" | "%"]
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

LENGTH_CAP = 1_000  # characters
TOKENS_CAP = 300  # bounds the height of a tree, and with it the recursion over one
DEPTH_CAP = 40  # brackets inside brackets
EXPONENT_CAP = 1_000  # of 1e1000


class ParseError(ValueError):
    """The text is nothing that the grammar knows; the message says why."""


class TooDear(ValueError):
    """Working the value out would cost too much."""


@dataclass(frozen=True)
class Node:
    """`kind` is one of: number (a literal, in `number`), symbol, constant, text (in `name`), add, mul, div, mixed,
    neg, pow, sqrt, root, abs, factorial, binomial, percent, degree, pm, function (in `name`), group, sequence (its
    brackets in `name`, `list` for none), matrix, row, relation (in `name`), union, quantity (unit in `name`)."""

    kind: str
    args: tuple[Node, ...] = ()
    name: str = ""
    number: Fraction = Fraction(0)


@dataclass(frozen=True)
class _Token:
    kind: Literal["number", "command", "letter", "word", "begin", "end", "op", "stop"]
    text: str
    glued: bool = False  # nothing, not even a blank, stands before it


_UNICODE = str.maketrans(
    {
        "−": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "÷": r"\div ", "π": r"\pi ", "√": r"\surd ",
        "°": r"^\circ ", "∞": r"\infty ", "≤": r"\le ", "≥": r"\ge ", "∪": r"\cup ", "∈": r"\in ", "±": r"\pm ",
        "∅": r"\emptyset ", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
    }
)  # fmt: skip
_SYMBOLS = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau phi "
    "varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega infty emptyset ell"
)
_GREEK = frozenset(_SYMBOLS.split())
_FUNCTIONS = frozenset({"sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "ln", "log", "exp"})
_BARE_COMMANDS = _FUNCTIONS | {"sqrt", "pi", "infty"}
_BARE_UNITS = {"cm", "mm", "km", "kg", "ft", "mph"}
_RELATIONS = {"=": "=", "<": "<", ">": ">", "le": "<=", "leq": "<=", "ge": ">=", "geq": ">=", "in": "in"}
_IGNORED = r"\\(?:left|right|displaystyle|bigl?|bigr?|Bigl?|Bigr?|quad|qquad|limits)(?![A-Za-z])|\\[,;:! ]|[\s~]"
_TOKENS = re.compile(
    rf"(?P<blank>(?:{_IGNORED})+)"
    # Thousands: 1,234 and 1{{,}}234 and 1\,234 and 1,\!234.
    r"|(?P<number>(?:[0-9]{1,3}(?:(?:,|\{,\}|,?\\[,!]\s?)[0-9]{3})+(?![0-9])|[0-9]+)(?:\.(?=[0-9])[0-9]+)?"
    r"(?:[eE][+-]?[0-9]+(?![A-Za-z]))?|\.[0-9]+)"
    r"|\\(?:text|textbf|textit|textrm|mbox|mathrm|mathbf|operatorname)\s?\{(?P<words>[^{}\\]*)\}"
    r"|\\begin\s?\{(?P<begin>[pbvB]?matrix)\}|\\end\s?\{(?P<end>[pbvB]?matrix)\}"
    r"|\\(?P<command>[A-Za-z]+)"
    r"|(?P<escape>\\[\\%$#&{}|])"
    r"|(?P<letters>[A-Za-z]+)"
    r"|(?P<op>[-+*/^_=(){}\[\]|,;!%<>&$'])"
)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position, depth, glued = 0, 0, False
    while position < len(text):
        match = _TOKENS.match(text, position)
        if match is None:
            raise ParseError(f"{text[position]!r} is not understood")
        kind, token = match.lastgroup, match[0]
        position = match.end()
        if kind == "blank":
            glued = False
            continue
        if kind == "number":
            # Inside brackets a comma separates: (1,234) is a pair.
            if depth and "," in token and "{" not in token and "\\" not in token:
                token = token[: token.index(",")]
                position = match.start() + len(token)
            found.append(_Token("number", re.sub(r"[,{}!\\\s]", "", token), glued))
        elif kind == "words":
            found.append(_Token("word", " ".join(match["words"].split()), glued))
        elif kind in ("begin", "end"):
            found.append(_Token(kind, match[kind], glued))  # type: ignore[arg-type]
        elif kind == "command":
            found.append(_Token("command", match["command"], glued))
        elif kind == "letters":
            found += _letters(token, glued)
        elif kind == "escape":
            found.append(_Token("op", token, glued))
            depth += {r"\{": 1, r"\}": -1}.get(token, 0)
        else:
            found.append(_Token("op", token, glued))
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token, 0)
        glued = True
    if len(found) > TOKENS_CAP:
        raise ParseError(f"it has more than {TOKENS_CAP} numbers, letters and signs")
    found.append(_Token("stop", ""))
    return found


def _letters(run: str, glued: bool) -> list[_Token]:
    if run in _BARE_COMMANDS:
        return [_Token("command", run, glued)]
    if len(run) >= 4 or (run in _BARE_UNITS and not glued) or run in ("and", "or"):
        return [_Token("word", run, glued)]
    return [_Token("letter", letter, glued or index > 0) for index, letter in enumerate(run)]


def parse(text: str) -> Node:
    """The tree of an answer. Raises ParseError, or TooDear for numbers beyond any use."""
    if len(text) > LENGTH_CAP:
        raise ParseError(f"it has more than {LENGTH_CAP} characters")
    return _Parser(_tokens(strip_delimiters(text).translate(_UNICODE))).answer()


def strip_delimiters(text: str) -> str:
    """Without math delimiters around the whole and a full stop at its end."""
    text = text.strip()
    for _ in range(3):
        text = text[:-1].rstrip() if text.endswith(".") else text
        for left, right in (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
            if text.startswith(left) and text.endswith(right) and len(text) >= len(left) + len(right):
                text = text[len(left) : -len(right)].strip()
                break
    return text


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.bars = 0  # open |

    # -- reading tokens

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def accept(self, *texts: str, kind: str = "op") -> str | None:
        token = self.next
        if token.kind == kind and token.text in texts:
            self.at += 1
            return token.text
        return None

    def expect(self, text: str) -> None:
        if self.accept(text) is None:
            raise ParseError(f"{text} is missing" + (f" before {self.next.text}" if self.next.text else ""))

    def nested(self, rule: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > DEPTH_CAP:
            raise ParseError(f"brackets are nested more than {DEPTH_CAP} deep")
        found = rule()
        self.depth -= 1
        return found

    # -- the grammar

    def answer(self) -> Node:
        items = [self.item()]
        while self.accept(",", ";") or self.accept("and", "or", kind="word"):
            while self.accept("and", "or", kind="word"):
                pass  # "1, 2, and 3"
            items.append(self.item())
        if self.next.kind != "stop":
            raise ParseError(f"{self.next.text!r} was not expected")
        items = [variant for item in items for variant in _both_signs(item)]
        return items[0] if len(items) == 1 else Node("sequence", tuple(items), "list")

    def item(self) -> Node:
        unit = "dollar" if self.accept(r"\$", "$") else ""
        found = self.relation()
        if not unit and found.kind == "neg" and found.args[0].kind == "quantity":  # -$5
            found, unit = Node("neg", found.args[0].args), found.args[0].name
        if found.kind == "degree":
            found, unit = found.args[0], "degree"
        elif self.accept(r"\$"):
            unit = "dollar"
        words = []
        while self.next.kind == "word" and self.next.text not in ("and", "or"):
            words.append(self.next.text)
            self.at += 1
        if words:
            if unit and unit != _unit(" ".join(words)):
                raise ParseError("it has two units")
            unit = _unit(" ".join(words))
            if self.accept("^"):
                power = self.argument()
                unit += "^" + str(power.number)
        return Node("quantity", (found,), unit) if unit else found

    def relation(self) -> Node:
        left = self.union()
        token = self.next
        if token.kind in ("op", "command") and token.text in _RELATIONS:
            self.at += 1
            return Node("relation", (left, self.union()), _RELATIONS[token.text])
        return left

    def union(self) -> Node:
        parts = [self.expr()]
        while self.accept("cup", kind="command"):
            parts.append(self.expr())
        return parts[0] if len(parts) == 1 else Node("union", tuple(parts))

    def expr(self) -> Node:
        plus_minus = self.accept("pm", kind="command")
        left = self.term()
        if plus_minus:
            left = Node("pm", (Node("number"), left))
        while True:
            if self.accept("+"):
                left = Node("add", (left, self.term()))
            elif self.accept("-"):
                left = Node("add", (left, Node("neg", (self.term(),))))
            elif self.accept("pm", kind="command"):
                left = Node("pm", (left, self.term()))
            else:
                return left

    def term(self) -> Node:
        left = self.signed()
        while True:
            if self.accept("*") or self.accept("times", "cdot", kind="command"):
                left = Node("mul", (left, self.signed()))
            elif self.accept("/") or self.accept("div", kind="command"):
                left = Node("div", (left, self.signed()))
            elif self.starts_factor():
                before, begins = self.tokens[self.at - 1], self.next
                if before.kind == "number" and begins.kind == "number":
                    raise ParseError("two numbers stand side by side")
                left = _juxtaposed(left, self.power(), before, begins)
            else:
                return left

    def starts_factor(self) -> bool:
        token = self.next
        if token.kind == "op":
            return token.text in ("(", "{", "[", r"\{") or (token.text == "|" and not self.bars)
        if token.kind == "command":
            return token.text not in _RELATIONS and token.text not in ("cup", "pm", "times", "cdot", "div", "rvert")
        return token.kind in ("number", "letter", "begin")

    def signed(self) -> Node:
        negative = False
        while sign := self.accept("-", "+"):
            negative ^= sign == "-"
        dollar = self.accept(r"\$", "$")  # -$5
        value = self.power()
        if dollar:
            value = Node("quantity", (value,), "dollar")
        return Node("neg", (value,)) if negative else value

    def power(self) -> Node:
        base = self.postfix()
        if not self.accept("^"):
            return base
        braced = self.accept("{") is not None
        if self.accept("circ", kind="command"):
            if braced:
                self.expect("}")
            return Node("degree", (base,))
        if braced:
            exponent = self.nested(self.expr)
            self.expect("}")
        else:
            negative = self.accept("-") is not None
            exponent = self.nested(self.power)  # 2^3^2 is 2^(3^2)
            exponent = Node("neg", (exponent,)) if negative else exponent
        return Node("pow", (base, exponent))

    def postfix(self) -> Node:
        value = self.primary()
        if self.accept("!"):
            if self.accept("!"):
                raise ParseError("n!! is not understood")
            return Node("factorial", (value,))
        if self.accept("%", r"\%"):
            return Node("percent", (value,))
        if self.accept("degree", "circ", kind="command"):
            return Node("degree", (value,))
        return value

    def primary(self) -> Node:
        token = self.next
        self.at += 1
        if token.kind == "number":
            if self.accept("_"):  # 52_8: digits in another base are compared as they are written
                return Node("symbol", name=f"{token.text}_{self.subscript()}")
            return Node("number", number=_number(token.text))
        if token.kind == "letter":
            if self.accept("_"):
                return Node("symbol", name=f"{token.text}_{self.subscript()}")
            while self.accept("'"):
                token = _Token("letter", token.text + "'")
            return Node("constant" if token.text in ("e", "i") else "symbol", name=token.text)
        if token.kind == "begin":
            return self.matrix(token.text)
        if token.kind == "command":
            return self.command(token.text)
        if token.text in ("(", "["):
            return self.nested(lambda: self.bracketed(token.text, (")", "]")))
        if token.text == r"\{":
            return self.nested(lambda: self.bracketed(token.text, (r"\}",)))
        if token.text == "{":
            inside = self.nested(self.expr)
            self.expect("}")
            return Node("group", (inside,))
        if token.text == "|":
            self.bars += 1
            inside = self.nested(self.expr)
            self.bars -= 1
            self.expect("|")
            return Node("abs", (inside,))
        raise ParseError(f"{token.text!r} was not expected" if token.text else "it ends too early")

    def bracketed(self, opening: str, closings: tuple[str, ...]) -> Node:
        bars, self.bars = self.bars, 0
        items = []
        if not (opening == r"\{" and self.next.text in closings):  # \{\}
            items.append(self.relation())
            while self.accept(",", ";"):
                items.append(self.relation())
        closing = self.accept(*closings)
        if closing is None:
            raise ParseError(f"{opening} is never closed")
        self.bars = bars
        matched = (opening, closing) in (("(", ")"), ("[", "]"))
        if matched and len(items) == 1 and items[0].kind != "relation":
            return Node("group", (items[0],))
        if not items:
            return Node("symbol", name="emptyset")
        items = [variant for item in items for variant in _both_signs(item)]
        return Node("sequence", tuple(items), opening + closing)

    def matrix(self, name: str) -> Node:
        rows, cells = [], [self.expr()]
        while True:
            if self.accept("&"):
                cells.append(self.expr())
            elif self.accept(r"\\"):
                rows.append(Node("row", tuple(cells)))
                if self.next.kind == "end":
                    cells = []
                    break
                cells = [self.expr()]
            else:
                break
        if cells:
            rows.append(Node("row", tuple(cells)))
        if self.next.kind != "end" or self.next.text != name:
            raise ParseError(f"the {name} is never ended")
        self.at += 1
        return Node("matrix", tuple(rows), "determinant" if name == "vmatrix" else "")

    def command(self, name: str) -> Node:
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            over = self.argument()
            return Node("div", (over, self.argument()), "frac")
        if name in ("binom", "dbinom", "tbinom"):
            over = self.argument()
            return Node("binomial", (over, self.argument()))
        if name == "sqrt":
            if self.accept("["):
                degree = self.nested(self.expr)
                self.expect("]")
                return Node("root", (self.argument(), degree))
            if self.next.kind == "number" and len(self.next.text) > 1:
                raise ParseError(r"\sqrt needs braces around more than one digit")
            return Node("sqrt", (self.argument(),))
        if name == "surd":
            return Node("sqrt", (self.nested(self.primary),))
        if name in ("boxed", "fbox"):
            return self.argument()
        if name in ("lvert", "vert"):
            inside = self.nested(self.expr)
            if not self.accept("rvert", "vert", kind="command"):
                raise ParseError("the absolute value is never closed")
            return Node("abs", (inside,))
        if name == "pi":
            return Node("constant", name="pi")
        if name == "varnothing":
            name = "emptyset"
        if name in _GREEK:
            if self.accept("_"):
                name += f"_{self.subscript()}"
            return Node("symbol", name=name)
        if name in _FUNCTIONS:
            return self.function(name)
        raise ParseError(rf"\{name} is not understood")

    def function(self, name: str) -> Node:
        base: tuple[Node, ...] = ()
        exponent = None
        if name == "log" and self.accept("_"):
            base = (self.argument(),)
        if self.accept("^"):
            exponent = self.argument()
            if exponent.kind == "neg" or (exponent.kind == "group" and exponent.args[0].kind == "neg"):
                raise ParseError(rf"\{name}^{{-1}} may be the inverse or the reciprocal")
        inside = self.nested(self.function_argument)
        applied = Node("function", (inside, *base), name)
        return applied if exponent is None else Node("pow", (applied, exponent))

    def function_argument(self) -> Node:
        """A bracket, or a run of factors: sin 2x is sin(2x)."""
        bracket = self.next.kind == "op" and self.next.text in ("(", "{", "[")
        value = self.power()
        while not bracket and (self.next.kind == "letter" or (self.next.kind == "command" and self.next.text == "pi")):
            value = Node("mul", (value, self.power()))
        return value

    def argument(self) -> Node:
        r"""What a LaTeX command takes: a braced group, or a single token, of which a number gives one digit."""
        token = self.next
        if token.kind == "op" and token.text == "{":
            self.at += 1
            inside = self.nested(self.expr)
            self.expect("}")
            return inside
        if token.kind == "number" and len(token.text) > 1:
            if not token.text.isdigit():
                raise ParseError("a decimal needs braces here")
            self.tokens[self.at] = _Token("number", token.text[1:], True)
            return Node("number", number=Fraction(int(token.text[0])))
        if token.kind in ("number", "letter", "command"):
            return self.nested(self.primary)
        raise ParseError("an argument is missing")

    def subscript(self) -> str:
        if self.accept("{"):
            parts = []
            while self.next.kind in ("number", "letter"):
                parts.append(self.next.text)
                self.at += 1
            self.expect("}")
            return "".join(parts)
        token = self.next
        if token.kind not in ("number", "letter"):
            raise ParseError("a subscript is missing")
        self.at += 1
        return token.text


def _number(text: str) -> Fraction:
    mantissa, _, exponent = text.lower().partition("e")
    if exponent and (len(exponent) > 6 or abs(int(exponent)) > EXPONENT_CAP):
        raise TooDear(f"an exponent beyond {EXPONENT_CAP}")
    return Fraction(mantissa) * Fraction(10) ** int(exponent or 0)


def _juxtaposed(left: Node, right: Node, before: _Token, begins: _Token) -> Node:
    """A product, or a mixed number: a whole number followed by a proper fraction of whole numbers."""
    fraction = begins.kind == "command" and begins.text.endswith("frac") and right.kind == "div"
    if before.kind == "number" and fraction and all(arg.kind == "number" for arg in right.args):
        whole = left.args[0] if left.kind == "neg" else left
        over, under = right.args
        if whole.kind != "number" or whole.number.denominator != 1 or not 0 < over.number < under.number:
            raise ParseError("a number beside a fraction may be a product or a sum")
        mixed = Node("mixed", (whole, right))
        return Node("neg", (mixed,)) if left.kind == "neg" else mixed
    return Node("mul", (left, right))


def _both_signs(item: Node) -> list[Node]:
    """1 \\pm 2 is two values: all plus, and all minus."""
    if not _has_pm(item):
        return [item]
    return [_with_sign(item, "add"), _with_sign(item, "neg")]


def _has_pm(node: Node) -> bool:
    return node.kind == "pm" or any(_has_pm(arg) for arg in node.args)


def _with_sign(node: Node, sign: str) -> Node:
    args = tuple(_with_sign(arg, sign) for arg in node.args)
    if node.kind != "pm":
        return Node(node.kind, args, node.name, node.number)
    right = args[1] if sign == "add" else Node("neg", (args[1],))
    zero = args[0].kind == "number" and args[0].number == 0
    return right if zero else Node("add", (args[0], right))


_SAME_UNIT = {"degrees": "degree", "deg": "degree", "dollars": "dollar", "inches": "inch", "feet": "foot", "ft": "foot"}


def _unit(words: str) -> str:
    words = words.lower().strip(" .")
    return _SAME_UNIT.get(words, words[:-1] if len(words) > 3 and words.endswith("s") else words)
