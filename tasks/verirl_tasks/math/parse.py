r"""Turns an answer written in LaTeX or plain text into a tree (tree.py). Nothing is evaluated here.

Own recursive descent over a whitelist of tokens (tokens.py): what the grammar does not know is a ParseError, never a
guess, and no text is ever handed to `eval`, to sympy's parsers or to anything like them. Size, depth and digits are bounded.

    answer   = item {("," | ";" | "and" | "or") item}
    item     = ["$"] statement [unit]
    statement = union {("=" | "<" | ... | "\in") union}
    union    = expr {("\cup" | "\cap" | "\setminus") expr}
    expr     = term {("+" | "-" | "\pm") term}
    term     = signed {("*" | "/" | nothing) signed}
    signed   = {"-" | "+"} power
    power    = postfix ["^" exponent]
    postfix  = primary ["!" | "%"]
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from verirl_tasks.math.tokens import FUNCTIONS, GREEK, Token, tokens
from verirl_tasks.math.tree import INFINITY, Node, ParseError, TooDear

DEPTH_CAP = 40  # brackets inside brackets
EXPONENT_CAP = 1_000  # of 1e1000

_RELATIONS = {
    "=": "=", "<": "<", ">": ">", "lt": "<", "gt": ">", "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=", "geq": ">=",
    "geqslant": ">=", "ne": "!=", "neq": "!=", "in": "in", "approx": "~", "sim": "~", "simeq": "~", "equiv": "equiv",
}  # fmt: skip
_SETS = {
    "mathbbR": "reals",
    "mathbbZ": "integers",
    "mathbbN": "naturals",
    "mathbbQ": "rationals",
    "mathbbC": "complexes",
}
_JOINERS = {"and": "and", "or": "or", "lor": "or", "vee": "or", "land": "and", "wedge": "and"}
_FACTORS = ("times", "cdot", "ast")
_FRACTIONS = ("frac", "dfrac", "tfrac", "cfrac")
_DECORATIONS = ("overline", "bar", "vec", "hat", "tilde", "widehat", "overrightarrow", "underline")
_ENDS = frozenset(
    ("cup", "cap", "setminus", "backslash", "pm", "mp", "times", "cdot", "ast", "div", "bmod", "mod", "pmod", "rvert",
     "rfloor", "rceil", "rangle", "mid", "choose", "over", "to", "rightarrow", "ldots", "dots", "cdots", "circ",
     "degree", "colon", "prime", "euro", "pounds", "qquad")
)  # fmt: skip
_CLOSING = {"(": (")", "]"), "[": (")", "]"), r"\{": (r"\}",)}


def parse(text: str, units: bool = False) -> Node:
    """The tree of an answer. Raises ParseError, or TooDear for numbers beyond any use.

    units: letters right behind a number are a unit, as they are where the gold answer has one (5m, not 5 times m).
    """
    return _Parser(tokens(text, units)).answer()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.at = 0
        self.depth = 0
        self.bars = 0  # open |
        self.integrals = 0  # open integrals, which a `d` ends
        self.naming = False  # the variable of a set given by a condition, behind which a colon stands

    # -- reading tokens

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, count: int) -> list[Token]:
        """The next tokens; stops where there are no more."""
        return (self.tokens[self.at : self.at + count] + [self.tokens[-1]] * count)[:count]

    def accept(self, *texts: str, kind: str = "op") -> str | None:
        token = self.tokens[self.at]
        if token.kind == kind and token.text in texts:
            self.at += 1
            return token.text
        return None

    def expect(self, text: str, kind: str = "op") -> None:
        if self.accept(text, kind=kind) is None:
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
        names = set()
        while joiner := self.joiner():
            names.add(joiner)
            items.append(self.item())
        if self.next.kind != "stop":
            raise ParseError(f"{self.next.text!r} was not expected")
        items = [variant for item in items for variant in _both_signs(item)]
        if len(items) == 1:
            return items[0]
        words = names - {","}
        return Node("sequence", tuple(items), words.pop() if len(words) == 1 else "list")

    def joiner(self) -> str | None:
        """What joins two items: a comma, "and", "or"; "1, 2, and 3" too."""
        found = None
        while True:
            token = self.next
            if token.kind == "op" and token.text in (",", ";"):
                found = found or ","
            elif (token.kind == "word" or (token.kind == "command")) and token.text.lower() in _JOINERS:
                found = _JOINERS[token.text.lower()]
            else:
                return found
            self.at += 1

    def item(self) -> Node:
        unit = self.currency()
        found = self.statement()
        inner = found.args[0] if found.kind == "neg" else found
        if not unit and inner is not found and inner.kind == "quantity":  # -$5
            found, unit = Node("neg", inner.args), inner.name
        elif not unit and found.kind == "quantity":
            found, unit = found.args[0], found.name
        if found.kind == "relation" and found.args[-1].kind == "quantity" and not unit:  # x = 5 cm
            return found
        words = unit_words(self)
        if found.kind == "degree" and (unit or words) and not {unit, words} <= {"", "degree", "degrees"}:
            found, words = found.args[0], f"degree {words}"  # 20^\circ C
        if unit and words and unit not in words:
            raise ParseError("it has two units")
        unit = words or unit
        if not unit:
            return found
        if unit.lower() in ("percent", "percentage", "pct", "per cent"):
            return Node("percent", (found,))
        if unit.lower() in ("degree", "degrees", "deg"):
            return found if found.kind == "degree" else Node("degree", (found,))
        if found.kind == "relation" and found.name == "=":
            return Node("relation", (found.args[0], Node("quantity", (found.args[1],), unit)), "=")
        return Node("quantity", (found,), unit)

    def currency(self) -> str:
        if self.accept(r"\$", "$"):
            return "dollar"
        return self.accept("euro", "pounds", kind="command") or ""

    def statement(self) -> Node:
        terms, names = [self.union()], []
        while True:
            token = self.next
            unequal = token == ("op", "!", token.glued) and self.tokens[self.at + 1].text == "="
            if token.kind not in ("op", "command") or (token.text not in _RELATIONS and not unequal):
                break
            self.at += 1
            if token.text == ">" and self.accept("="):
                names.append(">=")
            elif token.text == "<" and self.accept("="):
                names.append("<=")
            elif token.text == "!" and self.accept("="):
                names.append("!=")
            else:
                names.append(_RELATIONS[token.text])
            terms.append(self.union())
        if not names:
            return terms[0]
        if names == ["equiv"]:
            return self.congruence(*terms)
        if "equiv" in names:
            raise ParseError("a chain of congruences is not understood")
        relations = tuple(Node("relation", (a, b), name) for a, b, name in zip(terms, terms[1:], names, strict=False))
        return relations[0] if len(relations) == 1 else Node("chain", relations)

    def congruence(self, left: Node, right: Node) -> Node:
        braced = self.accept("(") is not None
        if not self.accept("pmod", "bmod", "mod", kind="command"):
            raise ParseError("a congruence has no modulus")
        modulus = self.argument() if not braced else self.expr()
        if braced:
            self.expect(")")
        return Node("congruence", (left, right, modulus))

    def union(self) -> Node:
        left = self.ratio()
        names = {"cup": "union", "cap": "intersection", "setminus": "difference", "backslash": "difference"}
        while operator := self.accept(*names, kind="command"):
            left = Node(names[operator], (left, self.ratio()))
        return left

    def ratio(self) -> Node:
        if clock := self.clock():
            return clock
        parts = [self.expr()]
        while not self.naming and (self.accept(":") or self.accept("colon", kind="command")):
            parts.append(self.expr())
        return parts[0] if len(parts) == 1 else Node("ratio", tuple(parts))

    def clock(self) -> Node | None:
        """12:05, which is no ratio."""
        hours, colon, minutes = self.ahead(3)
        if hours.kind != "number" or colon.text != ":" or not re.fullmatch("[0-5][0-9]", minutes.text):
            return None
        if len(hours.text) > 2 or not hours.text.isdigit():
            return None
        self.at += 3
        return Node("clock", name=f"{int(hours.text)}:{minutes.text}")

    def expr(self) -> Node:
        sign = self.accept("pm", "mp", kind="command")
        left = self.term()
        if sign:
            left = Node(sign, (Node("number"), left))
        while True:
            if self.accept("+"):
                left = Node("add", (left, self.term()))
            elif self.accept("-"):
                left = Node("add", (left, Node("neg", (self.term(),))))
            elif sign := self.accept("pm", "mp", kind="command"):
                left = Node(sign, (left, self.term()))
            else:
                return left

    def term(self) -> Node:
        left = self.signed()
        while True:
            if self.accept("*") or self.accept(*_FACTORS, kind="command"):
                left = Node("mul", (left, self.signed()))
            elif self.accept("/") or self.accept("div", kind="command"):
                left = Node("div", (left, self.signed()))
            elif self.accept("bmod", "mod", kind="command"):
                left = Node("mod", (left, self.signed()))
            elif self.starts_factor():
                before, begins = self.tokens[self.at - 1], self.next
                if before.kind in ("number", "repeating") and begins.kind in ("number", "repeating"):
                    if (mixed := self.plain_mixed(left)) is None:
                        raise ParseError("two numbers stand side by side")
                    left = mixed
                else:
                    left = _juxtaposed(left, self.power(), before, begins)
            else:
                return left

    def plain_mixed(self, left: Node) -> Node | None:
        """1 2/3, as plain text has it."""
        over, slash, under, after = self.ahead(4)
        whole = left.args[0] if left.kind == "neg" else left
        if not (over.kind == under.kind == "number" and slash == ("op", "/", slash.glued)) or after.text in ("^", "!"):
            return None
        if not (over.text + under.text).isdigit() or whole.kind != "number" or whole.name:
            return None
        if not int(over.text) < int(under.text):
            return None
        self.at += 3
        found = Node("mixed", (whole, Node("div", (_number(over.text), _number(under.text)))))
        if self.accept("%", r"\%"):
            found = Node("percent", (found,))
        return Node("neg", (found,)) if left.kind == "neg" else found

    def starts_factor(self) -> bool:
        token = self.next
        if token.kind == "op":
            return token.text in ("(", "{", "[", r"\{") or (token.text == "|" and not self.bars)
        if token.kind == "command":
            return token.text not in _RELATIONS and token.text not in _ENDS and token.text not in _JOINERS
        if self.integrals and token.kind == "letter" and token.text == "d" and self.is_differential():
            return False
        return token.kind in ("number", "repeating", "letter", "begin")

    def is_differential(self) -> bool:
        after = self.tokens[self.at + 1]
        return after.kind == "letter" or (after.kind == "command" and after.text in GREEK)

    def signed(self) -> Node:
        negative, signs = False, 0
        while sign := self.accept("-", "+"):
            negative ^= sign == "-"
            signs += 1
        if signs > 2:
            raise ParseError("a row of signs")
        unit = self.currency()  # -$5
        value = self.power()
        if unit:
            value = Node("quantity", (value,), unit)
        return Node("neg", (value,)) if negative else value

    def power(self) -> Node:
        base = self.postfix()
        if not self.accept("^"):
            return base
        braced = self.accept("{") is not None
        if self.accept("circ", "degree", kind="command"):
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
        found = Node("pow", (base, exponent))
        if self.accept("!"):
            raise ParseError("a factorial of a power needs brackets")
        return found

    def postfix(self) -> Node:
        value = self.primary()
        if self.next.text == "!" and self.next.kind == "op" and self.tokens[self.at + 1].text != "=":
            self.at += 1
            value = Node("double_factorial" if self.accept("!") else "factorial", (value,))
            if self.accept("!"):
                raise ParseError("n!!! is not understood")
            return value
        if self.accept("%", r"\%"):
            return Node("percent", (value,))
        if self.accept("degree", "circ", kind="command"):
            return Node("degree", (value,))
        return value

    def primary(self) -> Node:
        token = self.next
        self.at += 1
        if token.kind == "number":
            if self.accept("_"):  # 52_8
                return Node("based", name=f"{token.text}_{self.subscript()}")
            return _number(token.text)
        if token.kind == "repeating":
            return _repeating(token.text)
        if token.kind == "letter":
            return self.letter(token.text)
        if token.kind == "begin":
            return self.environment(token.text)
        if token.kind == "command":
            return self.command(token.text)
        if token.kind == "op":
            if token.text in ("(", "["):
                return self.nested(lambda: self.bracketed(token.text))
            if token.text == r"\{":
                return self.nested(lambda: self.bracketed(token.text))
            if token.text == "{":
                return self.nested(self.braced)
            if token.text == "|":
                self.bars += 1
                inside = self.nested(self.expr)
                self.bars -= 1
                self.expect("|")
                return Node("abs", (inside,))
        raise ParseError(f"{token.text!r} was not expected" if token.text else "it ends too early")

    def letter(self, name: str) -> Node:
        if self.accept("_"):
            return Node("symbol", name=f"{name}_{self.subscript()}")
        while self.accept("'"):
            name += "'"
        if self.next.text == "^" and self.tokens[self.at + 1].text == "prime":
            self.at += 2
            name += "'"
        return Node("constant" if name in ("e", "i") else "symbol", name=name)

    def braced(self) -> Node:
        inside = self.union()
        if self.next.text == "," and self.next.kind == "op":  # {1, 2}, as plain text has a set
            items = [inside]
            while self.accept(","):
                items.append(self.union())
            self.expect("}")
            return Node("sequence", tuple(items), r"\{\}")
        if self.accept("choose", kind="command"):
            inside = Node("binomial", (inside, self.expr()))
        elif self.accept("over", kind="command"):
            inside = Node("div", (inside, self.expr()), "frac")
        self.expect("}")
        return Node("group", (inside,))

    def bracketed(self, opening: str) -> Node:
        closings = _CLOSING[opening]
        bars, self.bars = self.bars, 0
        items = []
        if not (self.next.kind == "op" and self.next.text in closings):
            self.naming = opening == r"\{"
            items.append(self.member())
            self.naming = False
            while self.accept(",", ";"):
                items.append(self.member())
        if opening == r"\{" and len(items) == 1 and (self.accept("|", ":") or self.accept("mid", kind="command")):
            condition = self.answer_inside()
            self.expect(r"\}")
            self.bars = bars
            return Node("builder", (items[0], condition))
        closing = self.accept(*closings)
        if closing is None:
            raise ParseError(f"{opening} is never closed")
        self.bars = bars
        matched = (opening, closing) in (("(", ")"), ("[", "]"))
        if matched and len(items) == 1 and items[0].kind == "number" and not items[0].name and self.accept("_"):
            return Node("based", name=f"{items[0].number}_{self.subscript()}")  # (52)_8
        if matched and len(items) == 1 and items[0].kind not in ("relation", "chain"):
            return Node("group", (items[0],))
        if not items:
            if opening != r"\{":
                raise ParseError("the brackets are empty")
            return Node("set", name="empty")
        items = [variant for item in items for variant in _both_signs(item)]
        return Node("sequence", tuple(items), opening + closing)

    def member(self) -> Node:
        """Of a bracket: a statement; of a set, words as well."""
        if self.next.kind == "word":
            word = self.next.text
            self.at += 1
            return Node("text", name=word)
        return self.statement()

    def answer_inside(self) -> Node:
        items = [self.statement()]
        while joiner := self.joiner():
            items.append(Node("group", (self.statement(),), joiner))
        if len(items) == 1:
            return items[0]
        name = "or" if all(item.name == "or" for item in items[1:]) else "and"
        return Node("sequence", (items[0], *(item.args[0] for item in items[1:])), name)

    def environment(self, name: str) -> Node:
        rows, cells = [], [self.statement()]
        while True:
            if self.accept("&"):
                cells.append(self.statement())
            elif self.accept(r"\\") or (name == "cases" and self.accept(",", ";")):
                if self.next.kind == "end":
                    break
                if self.next.text == r"\\":
                    continue
                rows.append(Node("row", tuple(cells)))
                cells = [self.statement()]
            else:
                break
        rows.append(Node("row", tuple(cells)))
        if self.next.kind != "end" or self.next.text != name:
            raise ParseError(f"the {name} is never ended")
        self.at += 1
        if name in ("cases", "aligned", "align", "gathered"):
            if any(len(row.args) != 1 for row in rows):
                raise ParseError(f"a {name} with conditions is not understood")
            return Node("sequence", tuple(row.args[0] for row in rows), "and")
        if name not in ("matrix", "pmatrix", "bmatrix", "vmatrix", "Bmatrix", "smallmatrix", "array"):
            raise ParseError(f"the environment {name} is not understood")
        if len({len(row.args) for row in rows}) != 1:
            raise ParseError("the rows of the matrix differ in length")
        return Node("matrix", tuple(rows), "determinant" if name == "vmatrix" else "")

    def command(self, name: str) -> Node:
        if name in _FRACTIONS:
            over = self.argument()
            return Node("div", (over, self.argument()), "frac")
        if name in ("binom", "dbinom", "tbinom"):
            over = self.argument()
            return Node("binomial", (over, self.argument()))
        if name in ("sqrt", "surd", "cbrt"):
            return self.radical(name)
        if name in ("boxed", "fbox"):
            return self.argument()
        if name in ("lvert", "vert"):
            return self.between("abs", "rvert", "vert")
        if name in ("lfloor", "lceil"):
            return self.between(name[1:], f"r{name[1:]}")
        if name == "langle":
            items = [self.statement()]
            while self.accept(","):
                items.append(self.statement())
            self.expect("rangle", kind="command")
            return Node("sequence", tuple(items), "()")
        if name == "pi":
            return Node("constant", name="pi")
        if name in ("infty", "infinity"):
            return INFINITY
        if name in ("emptyset", "varnothing"):
            return Node("set", name="empty")
        if name in _SETS:
            if self.next.text in ("^", "_"):
                raise ParseError("a power of a set of numbers is not understood")
            return Node("set", name=_SETS[name])
        if name in GREEK:
            return self.letter(name)
        if name in _DECORATIONS:
            return Node("symbol", name=f"{name}({_written(self.argument())})")
        if name in ("angle", "triangle"):
            letters = ""
            while self.next.kind == "letter":
                letters += self.next.text
                self.at += 1
            if letters:
                return Node("symbol", name=f"{name} {letters}")
        if name in FUNCTIONS:
            return self.function(name)
        if name in ("sum", "prod"):
            return self.big_operator("sum" if name == "sum" else "product")
        if name == "int":
            return self.integral()
        if name == "lim":
            return self.limit()
        raise ParseError(rf"\{name} is not understood")

    def radical(self, name: str) -> Node:
        if name == "sqrt" and self.accept("["):
            degree = self.nested(self.expr)
            self.expect("]")
            return Node("root", (self.argument(), degree))
        if name == "sqrt" and self.next.kind == "number" and len(self.next.text) > 1:
            # The source may have come from \sqrt{13} or mean \sqrt{1}3: it is no LaTeX for either.
            raise ParseError(r"\sqrt needs braces around more than one digit")
        inside = self.nested(self.primary) if name != "sqrt" or self.next.text == "(" else self.argument()
        return Node("root", (inside, Node("number", number=Fraction(3)))) if name == "cbrt" else Node("sqrt", (inside,))

    def between(self, kind: str, *closing: str) -> Node:
        inside = self.nested(self.expr)
        if not self.accept(*closing, kind="command"):
            raise ParseError(f"the {kind} is never closed")
        return Node(kind, (inside,))

    def function(self, name: str) -> Node:
        base: tuple[Node, ...] = ()
        exponent = None
        if name in ("log", "lg") and self.accept("_"):
            base = (self.argument(),)
        if self.accept("^"):
            exponent = self.argument()
            if _is_minus_one(exponent):
                if name not in ("sin", "cos", "tan", "cot", "sec", "csc"):
                    raise ParseError(rf"\{name}^{{-1}} may be the inverse or the reciprocal")
                name, exponent = f"arc{name}", None
        if name in ("max", "min", "gcd", "lcm"):
            inside = self.nested(self.primary)
            items = inside.args if inside.kind in ("sequence", "group") else (inside,)
            return Node("function", items, name)
        inside = self.nested(self.function_argument)
        applied = Node("function", (inside, *base), name)
        return applied if exponent is None else Node("pow", (applied, exponent))

    def function_argument(self) -> Node:
        """A bracket, or a run of factors: sin 2x is sin(2x), and ln -x is ln(-x)."""
        if self.accept("-"):
            return Node("neg", (self.function_argument(),))
        bracket = self.next.kind == "op" and self.next.text in ("(", "{", "[")
        value = self.power()
        while not bracket and (
            self.next.kind == "letter" or (self.next.kind == "command" and self.next.text in ("pi", *GREEK))
        ):
            if self.integrals and self.next.text == "d" and self.is_differential():
                break
            value = Node("mul", (value, self.power()))
        if not bracket and self.next.text == "/" and value.kind in ("number", "constant", "mul"):  # sin pi/2
            after = self.tokens[self.at + 1]
            if after.kind == "number":
                self.at += 2
                value = Node("div", (value, _number(after.text)))
        return value

    def big_operator(self, kind: str) -> Node:
        self.expect("_")
        self.expect("{")
        variable = self.primary()
        self.expect("=")
        low = self.expr()
        self.expect("}")
        self.expect("^")
        high = self.argument()
        body = self.nested(self.term)
        if variable.kind not in ("symbol", "constant"):
            raise ParseError(f"the {kind} has no variable")
        return Node(kind, (_as_symbol(body, variable), _symbol(variable), low, high))

    def integral(self) -> Node:
        bounds: tuple[Node, ...] = ()
        if self.accept("_"):
            low = self.argument()
            self.expect("^")
            bounds = (low, self.argument())
        self.integrals += 1
        body = self.nested(self.expr)
        self.integrals -= 1
        if not (self.next.kind == "letter" and self.next.text == "d" and self.is_differential()):
            raise ParseError("the integral has no differential")
        self.at += 1
        variable = self.primary()
        return Node("integral", (_as_symbol(body, variable), _symbol(variable), *bounds))

    def limit(self) -> Node:
        self.expect("_")
        self.expect("{")
        variable = self.primary()
        if not self.accept("to", "rightarrow", kind="command"):
            raise ParseError("the limit has no arrow")
        point = self.expr()
        self.expect("}")
        return Node("limit", (self.nested(self.term), _symbol(variable), point))

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
            self.tokens[self.at] = Token("number", token.text[1:], True)
            return _number(token.text[0])
        if token.kind in ("number", "letter", "command"):
            return self.nested(self.primary)
        raise ParseError("an argument is missing")

    def subscript(self) -> str:
        if self.accept("{"):
            parts = []
            while self.next.kind in ("number", "letter", "word") or self.next.text in ("+", "-", ","):
                parts.append(self.next.text)
                self.at += 1
            self.expect("}")
            return "".join(parts)
        token = self.next
        if token.kind not in ("number", "letter", "word"):
            raise ParseError("a subscript is missing")
        if (
            token.kind == "number"
            and len(token.text) > 1
            and token.text.isdigit()
            and self.tokens[self.at - 2].kind != "number"
        ):
            self.tokens[self.at] = Token("number", token.text[1:], True)  # a_12 is a_1 times 2 in LaTeX
            return token.text[0]
        self.at += 1
        return token.text


def unit_words(parser: _Parser) -> str:
    r"""The words behind a value, with exponents and a slash: `cm^2`, `m/s`, `\circ C`. Empty where there are none."""
    parts: list[str] = []
    while True:
        token = parser.next
        if token.kind == "word" and token.text.lower() not in _JOINERS:
            parts.append(token.text)
        elif parts and token.text == "^" and parser.tokens[parser.at + 1].kind in ("number", "op"):
            parser.at += 1
            parts[-1] += f"^{_written(parser.argument())}"
            continue
        elif parts and token.text == "/" and parser.tokens[parser.at + 1].kind in ("word", "letter"):
            parts.append("/")
        elif parts and parts[-1] == "/" and token.kind == "letter":
            parts.append(token.text)
        elif not parts and token.kind == "op" and token.text == r"\$":
            parts.append("dollar")
        elif (not parts and token.kind == "command" and token.text in ("euro", "pounds")) or (
            parts and token.kind == "letter" and not token.glued and len(parts) == 1 and parts[0].lower() == "degree"
        ):
            parts.append(token.text)
        elif parts and token.kind == "op" and token.text == "." and parser.tokens[parser.at + 1].kind == "stop":
            pass
        else:
            return " ".join(parts)
        parser.at += 1


def _number(text: str) -> Node:
    mantissa, _, exponent = text.lower().partition("e")
    if exponent and (len(exponent) > 6 or abs(int(exponent)) > EXPONENT_CAP):
        raise TooDear(f"an exponent beyond {EXPONENT_CAP}")
    if mantissa.isdigit() and not exponent:
        return Node("number", number=Fraction(int(mantissa)))
    return Node("number", name=text, number=Fraction(mantissa) * Fraction(10) ** int(exponent or 0))


def _repeating(text: str) -> Node:
    """0.1|6 is 0.1666..."""
    head, _, period = text.partition("|")
    whole, _, start = head.partition(".")
    value = Fraction(int(whole or 0)) + Fraction(int(start or 0), 10 ** len(start))
    value += Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(start))
    return Node("number", number=value)


def _juxtaposed(left: Node, right: Node, before: Token, begins: Token) -> Node:
    """A product, or a mixed number: a whole number followed by a proper fraction of whole numbers."""
    fraction = begins.kind == "command" and begins.text in _FRACTIONS and right.kind == "div"
    if before.kind == "number" and fraction and all(arg.kind == "number" for arg in right.args):
        whole = left.args[0] if left.kind == "neg" else left
        over, under = right.args
        if whole.kind != "number" or whole.number.denominator != 1 or not 0 < over.number < under.number:
            raise ParseError("a number beside a fraction may be a product or a sum")
        mixed = Node("mixed", (whole, right))
        return Node("neg", (mixed,)) if left.kind == "neg" else mixed
    return Node("mul", (left, right))


def _is_minus_one(node: Node) -> bool:
    while node.kind == "group":
        node = node.args[0]
    return node.kind == "neg" and node.args[0].kind == "number" and node.args[0].number == 1


def _symbol(node: Node) -> Node:
    if node.kind not in ("symbol", "constant") or node.name in ("pi", "infinity"):
        raise ParseError("a variable is missing")
    return Node("symbol", name=node.name)


def _as_symbol(body: Node, variable: Node) -> Node:
    """`i` counts where it is the variable of a sum, and is no imaginary unit there."""
    if variable.kind != "constant":
        return body
    if body == variable:
        return Node("symbol", name=variable.name)
    return Node(body.kind, tuple(_as_symbol(arg, variable) for arg in body.args), body.name, body.number)


def _written(node: Node) -> str:
    """A short name of a small tree, for units and decorations."""
    if node.kind == "number":
        return node.name or str(node.number)
    return re.sub(r"\s", "", (node.name or node.kind) + "".join(_written(arg) for arg in node.args))


def _both_signs(item: Node) -> list[Node]:
    r"""1 \pm 2 is two values: all signs as they are above, and all as they are below."""
    if not _has_pm(item):
        return [item]
    return [_with_sign(item, "pm"), _with_sign(item, "mp")]


def _has_pm(node: Node) -> bool:
    return node.kind in ("pm", "mp") or any(_has_pm(arg) for arg in node.args)


def _with_sign(node: Node, plus: str) -> Node:
    args = tuple(_with_sign(arg, plus) for arg in node.args)
    if node.kind not in ("pm", "mp"):
        return Node(node.kind, args, node.name, node.number)
    right = args[1] if node.kind == plus else Node("neg", (args[1],))
    zero = args[0].kind == "number" and args[0].number == 0
    return right if zero else Node("add", (args[0], right))
