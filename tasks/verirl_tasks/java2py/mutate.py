"""Programs that are wrong in one place: of the Java, and of a Python translation. Tests that are any good tell them apart
from the program that they were made from.

    java_mutants(source, most) -> list[Mutant]     whole sources; some do not compile, some are equivalent
    python_mutants(code, most) -> list[Mutant]
    stubs(method, results) -> list[Mutant]                 Python that looks at nothing

Mutants of the kind `translation` do what a translator does who does not know the difference between the languages: floor
division, exact sums instead of wraparound, indices that count from the end, text counted in code points.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tree_sitter import Node

from verirl_tasks.java2py.java import Method, edit, parse, text, walk
from verirl_tasks.java2py.types import Value, to_python

_OPERATORS = {
    "+": ("-",), "-": ("+",), "*": ("+",), "/": ("*",), "%": ("/",), "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="),
    ">=": (">", "<"), "==": ("!=",), "!=": ("==",), "&&": ("||",), "||": ("&&",), "<<": (">>",), ">>": (">>>", "<<"),
    ">>>": (">>",), "&": ("|",), "|": ("&", "^"), "^": ("|",), "+=": ("-=", "="), "-=": ("+=", "="), "*=": ("+=",),
    "/=": ("*=",), "%=": ("/=",), "<<=": (">>=",), ">>=": (">>>=",), ">>>=": (">>=",), "&=": ("|=",), "|=": ("&=", "="),
    "^=": ("|=", "="), "++": ("--",), "--": ("++",),
}  # fmt: skip
_EXACT = {"+": "addExact", "-": "subtractExact", "*": "multiplyExact"}  # throw where int or long overflow
_FLOOR = {"/": "floorDiv", "%": "floorMod"}
_RENAMED = {
    "max": "min", "min": "max", "floor": "ceil", "ceil": "floor", "round": "ceil", "rint": "round", "floorMod": "floorDiv",
    "toUpperCase": "toLowerCase", "toLowerCase": "toUpperCase", "trim": "strip", "strip": "trim", "indexOf": "lastIndexOf",
    "lastIndexOf": "indexOf", "startsWith": "endsWith", "endsWith": "startsWith", "isDigit": "isLetter",
    "isLetter": "isLetterOrDigit", "isWhitespace": "isSpaceChar", "isUpperCase": "isLetter", "isLowerCase": "isLetter",
    "addFirst": "addLast", "addLast": "addFirst", "pollFirst": "pollLast", "pollLast": "pollFirst", "isEmpty": "isBlank",
    "isBlank": "isEmpty", "compareTo": "compareToIgnoreCase", "equalsIgnoreCase": "equals", "replaceAll": "replaceFirst",
    "put": "putIfAbsent", "putIfAbsent": "put", "firstKey": "lastKey", "lastKey": "firstKey", "append": "concat",
    "highestOneBit": "lowestOneBit", "lowestOneBit": "highestOneBit",
}  # fmt: skip
_INDEXED = ("charAt", "get", "substring", "remove", "set", "subList")
_PURE = ("identifier", "decimal_integer_literal", "binary_expression", "field_access", "parenthesized_expression")


_T = TypeVar("_T")


@dataclass(frozen=True)
class Mutant:
    """`kind`: operator, constant, condition, off-by-one, dropped, cast, swapped, result, call, translation, stub."""

    kind: str
    what: str
    source: str


def java_mutants(source: str, most: int) -> list[Mutant]:
    """At most `most`, the same for the same source always, from every kind in turn. Each has one change, which is named by
    its line."""
    parsed = parse(source)
    by_kind: dict[str, list[Mutant]] = defaultdict(list)
    seen = set()
    for kind, start, end, new in _java_edits(parsed.tree.root_node):
        old = parsed.bytes[start:end].decode()
        if old != new:
            line = parsed.bytes.count(b"\n", 0, start) + 1
            made = edit(source, [(start, end, new)])
            if made not in seen:
                seen.add(made)
                by_kind[kind].append(Mutant(kind, f"line {line}: {_short(old)} -> {_short(new)}", made))
    return _in_turn(list(by_kind.values()), source, most)


def _in_turn(groups: Sequence[list[_T]], seed: str, most: int) -> list[_T]:
    rng = random.Random(hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest())
    for group in groups:
        rng.shuffle(group)
    found: list[_T] = []
    while len(found) < most and any(groups):
        found += [group.pop() for group in groups if group]
    return found[:most]


def _short(code: str) -> str:
    return " ".join(code.split())[:60] or "nothing"


_Edit = tuple[str, int, int, str]  # kind, first byte, byte behind the last, new text


def _java_edits(root: Node) -> Iterator[_Edit]:
    for node in walk(root):
        kind = node.type
        if kind == "binary_expression":
            yield from _binary(node)
        elif kind in ("assignment_expression", "update_expression"):
            for child in node.children:
                for new in _OPERATORS.get(child.type, ()):
                    yield "operator", child.start_byte, child.end_byte, new
        elif kind == "unary_expression":
            operand = node.child_by_field_name("operand")
            if operand is not None:
                yield "operator", node.start_byte, operand.start_byte, ""
                if text(node).startswith("-") and not operand.type.endswith("literal"):
                    yield "translation", *_span(node), f"Math.negateExact({text(operand)})"
        elif kind.endswith("_literal") or kind in ("true", "false"):
            yield from _literal(node)
        elif kind in ("if_statement", "ternary_expression", "while_statement", "do_statement"):
            yield from _condition(node)
        elif kind == "for_statement":
            condition = node.child_by_field_name("condition")
            bound = condition.child_by_field_name("right") if condition is not None else None
            if bound is not None:
                for step in ("- 1", "+ 1"):
                    yield "off-by-one", *_span(bound), f"({text(bound)}) {step}"
        elif kind == "array_access":
            index, array = node.child_by_field_name("index"), node.child_by_field_name("array")
            if index is not None and array is not None:
                for step in ("- 1", "+ 1"):
                    yield "off-by-one", *_span(index), f"({text(index)}) {step}"
                if index.type in _PURE and "++" not in text(index) and array.type == "identifier":
                    wrapped = f"({text(index)}) < 0 ? ({text(index)}) + {text(array)}.length : ({text(index)})"
                    yield "translation", *_span(index), wrapped
        elif kind in ("expression_statement", "break_statement", "continue_statement", "throw_statement"):
            yield "dropped", *_span(node), ";"
        elif kind == "cast_expression":
            yield from _cast(node)
        elif kind == "method_invocation":
            yield from _call(node)
        elif kind == "return_statement" and node.named_children:
            result = node.named_children[0]
            for new in _results(_declared_result(node), text(result)):
                yield "result", *_span(result), new


def _declared_result(node: Node) -> str:
    """The type that the method around a statement returns; empty within a lambda."""
    while node.parent is not None and node.type not in ("method_declaration", "lambda_expression"):
        node = node.parent
    type = node.child_by_field_name("type") if node.type == "method_declaration" else None
    return "" if type is None else text(type)


def _results(type: str, code: str) -> tuple[str, ...]:
    if type == "boolean":
        return f"!({code})", "true", "false"
    if type in ("int", "long", "short", "byte", "float", "double"):
        return f"-({code})", "0", f"({code}) + 1"
    return ('""', "null") if type == "String" else ("null",)


def _span(node: Node) -> tuple[int, int]:
    return node.start_byte, node.end_byte


def _binary(node: Node) -> Iterator[_Edit]:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return
    sign, a, b = operator.type, text(left), text(right)
    for new in _OPERATORS.get(sign, ()):
        yield "operator", *_span(operator), new
    if sign in _EXACT and '"' not in a + b:
        yield "translation", *_span(node), f"Math.{_EXACT[sign]}({a}, {b})"
    elif sign in _FLOOR:
        yield "translation", *_span(node), f"Math.{_FLOOR[sign]}({a}, {b})"
    elif sign in ("==", "!=") and not {left.type, right.type} & {"null_literal", "decimal_integer_literal"}:
        if left.type in ("identifier", "method_invocation", "array_access") and right.type == left.type:
            yield "translation", *_span(node), f"{'!' if sign == '!=' else ''}java.util.Objects.equals({a}, {b})"
    elif sign in ("<<", ">>", ">>>") and right.type in _PURE and not right.type.endswith("literal"):
        yield "translation", *_span(node), f"(({b}) >= 64 || ({b}) < 0 ? 0 : ({a}) {sign} ({b}))"


def _literal(node: Node) -> Iterator[_Edit]:
    word = text(node)
    if node.type in ("true", "false"):
        yield "constant", *_span(node), "false" if word == "true" else "true"
    elif node.type == "string_literal" and not word.startswith('"""'):
        yield "constant", *_span(node), '"?"' if word == '""' else '""'
    elif node.type == "character_literal":
        yield "constant", *_span(node), f"(char) ({word} + 1)"
    elif node.type.endswith("_integer_literal") or node.type == "decimal_floating_point_literal":
        end = word[-1] if word[-1] in "lLfF" and not word.lower().startswith("0x") else ""
        for new in (f"({word} + 1)", f"({word} - 1)", f"0{end}", f"(-{word})"):
            yield "constant", *_span(node), new
    elif node.type == "null_literal":
        return


def _condition(node: Node) -> Iterator[_Edit]:
    condition = node.child_by_field_name("condition")
    if condition is None:
        return
    yield "condition", *_span(condition), f"(!({text(condition)}))"
    if node.type in ("if_statement", "ternary_expression"):
        yield "condition", *_span(condition), "(true)"
        yield "condition", *_span(condition), "(false)"
    else:
        yield "condition", *_span(condition), "(false)"


def _cast(node: Node) -> Iterator[_Edit]:
    type, value = node.child_by_field_name("type"), node.child_by_field_name("value")
    if type is None or value is None:
        return
    yield "cast", *_span(node), f"({text(value)})"
    if text(type) == "int":
        yield "translation", *_span(node), f"Math.toIntExact({text(value)})"
        yield "translation", *_span(node), f"(int) Math.floor({text(value)})"
    elif text(type) in ("byte", "short"):
        yield "translation", *_span(node), f"({text(type)}) Math.max(-128, Math.min(127, {text(value)}))"


def _call(node: Node) -> Iterator[_Edit]:
    name, arguments = node.child_by_field_name("name"), node.child_by_field_name("arguments")
    owner = node.child_by_field_name("object")
    if name is None or arguments is None:
        return
    word, given = text(name), arguments.named_children
    if word in _RENAMED:
        yield "call", *_span(name), _RENAMED[word]
    if len(given) == 2:
        yield "swapped", *_span(arguments), f"({text(given[1])}, {text(given[0])})"
    if owner is None:
        return
    target = text(owner)
    if word in _INDEXED:
        for argument in given:
            for step in ("- 1", "+ 1"):
                yield "off-by-one", *_span(argument), f"({text(argument)}) {step}"
    pure = all(argument.type in _PURE and "++" not in text(argument) for argument in given)
    if word == "length" and owner.type == "identifier" and not given:
        yield "translation", *_span(node), f"{target}.codePointCount(0, {target}.length())"
    elif word in ("charAt", "get") and owner.type == "identifier" and pure and len(given) == 1:
        size, index = "length()" if word == "charAt" else "size()", text(given[0])
        yield "translation", *_span(given[0]), f"({index}) < 0 ? ({index}) + {target}.{size} : ({index})"
    elif word == "substring" and owner.type == "identifier" and pure and given:
        ends = [f"Math.max(0, Math.min({text(argument)}, {target}.length()))" for argument in given]
        if len(ends) == 2:  # a slice whose end comes first is empty
            ends[1] = f"Math.max({ends[0]}, {ends[1]})"
        yield "translation", *_span(arguments), f"({', '.join(ends)})"
    elif word == "split" and len(given) == 1:
        yield "translation", *_span(arguments), f"({text(given[0])}, -1)"
    elif word in ("parseInt", "parseLong", "valueOf") and given and target in ("Integer", "Long"):
        first = given[0]
        yield "translation", *_span(first), f"{text(first)}.strip()"
        yield "translation", *_span(first), f'{text(first)}.replaceAll("(?<=[0-9])_(?=[0-9])", "")'
        if len(given) == 2:
            yield "translation", *_span(first), f'{text(first)}.replaceFirst("^([+-]?)0[xX]", "$1")'
    elif word == "round" and target == "Math":
        yield "translation", *_span(node), f"(long) Math.rint({text(arguments)[1:-1]})"
    elif word == "abs" and target == "Math":
        yield "translation", *_span(name), "absExact"
    elif word in ("isDigit", "isLetter", "isUpperCase", "isLowerCase") and target == "Character" and len(given) == 1:
        yield "translation", *_span(node), f"({text(given[0])} < 128 && {text(node)})"


# ---------------------------------------------------------------------------------------------------------------- Python

_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip
_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


def python_mutants(code: str, most: int) -> list[Mutant]:
    """Like `java_mutants`, of Python that parses."""
    tree = ast.parse(code)
    groups: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, node in enumerate(ast.walk(tree)):
        for turn in range(4):
            kind = _change(_shallow(node), turn)
            if not kind:
                break
            groups[kind].append((index, turn))
    found = []
    for index, turn in _in_turn(list(groups.values()), code, most):
        copied = copy.deepcopy(tree)
        node = next(found for place, found in enumerate(ast.walk(copied)) if place == index)
        old, line = _short(ast.unparse(node)), getattr(node, "lineno", 0)
        kind = _change(node, turn)
        found.append(Mutant(kind, f"line {line}: {old}", ast.unparse(ast.fix_missing_locations(copied))))
    return found


def _shallow(node: ast.AST) -> ast.AST:
    """A copy that can be changed and leaves the tree as it is."""
    made = copy.copy(node)
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            setattr(made, name, list(value))
    return made


def _change(node: ast.AST, turn: int) -> str:
    """Changes one node of the tree, in its `turn`-th way; empty where there is none."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and turn == 0 and type(node.op) in _BINARY:
        node.op = _BINARY[type(node.op)]()
        return "operator"
    if isinstance(node, ast.Compare) and turn == 0 and type(node.ops[0]) in _COMPARED:
        node.ops[0] = _COMPARED[type(node.ops[0])]()
        return "operator"
    if isinstance(node, ast.BoolOp) and turn == 0:
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return "operator"
    if isinstance(node, ast.Constant):
        return _change_constant(node, turn)
    if isinstance(node, (ast.If, ast.IfExp)) and turn < 3:
        ways = (ast.UnaryOp(ast.Not(), node.test), ast.Constant(True), ast.Constant(False))
        node.test = ways[turn]
        return "condition"
    if isinstance(node, ast.Call) and turn == 0 and len(node.args) == 2 and not node.keywords:
        node.args.reverse()
        return "swapped"
    if isinstance(node, ast.Return) and turn == 0 and node.value is not None:
        node.value = ast.Constant(None)
        return "result"
    for name in ("body", "orelse"):
        statements = getattr(node, name, None)
        if isinstance(node, ast.Module) or not isinstance(statements, list) or turn >= len(statements):
            continue
        if isinstance(statements[turn], (ast.Assign, ast.AugAssign, ast.Expr, ast.Break, ast.Continue, ast.Raise)):
            statements[turn] = ast.Pass()
            return "dropped"
    return ""


def _change_constant(node: ast.Constant, turn: int) -> str:
    value = node.value
    ways: list[object] = []
    if isinstance(value, bool):
        ways = [not value]
    elif isinstance(value, (int, float)):
        ways = [value + 1, value - 1, -value]
    elif isinstance(value, str):
        ways = [value[1:] if value else "?"]
    ways = [way for way in ways if way != value]
    if turn >= len(ways):
        return ""
    node.value = ways[turn]  # type: ignore[assignment]
    return "constant"


def stubs(method: Method, results: Sequence[Value]) -> list[Mutant]:
    """`results`: what the Java returned, of which the most frequent are tried as constants."""
    counted: dict[str, int] = defaultdict(int)
    for result in results:
        counted[json.dumps(result)] += 1
    frequent = sorted(counted, key=lambda word: -counted[word])[:3]
    bodies = {"nothing": "return None", "raises": "raise ValueError", "echo": "return args"}
    bodies |= {f"argument {index}": f"return args[{index}]" for index in range(len(method.params))}
    bodies |= {
        f"constant {number}": f"return {constant}" for number, constant in enumerate(("0", "1", "True", "''", "[]"))
    }
    if method.returns.kind != "void":
        for word in frequent:
            value = to_python(json.loads(word), method.returns)
            if "inf" not in repr(value) and "nan" not in repr(value):
                bodies[f"frequent {word[:40]}"] = f"return {value!r}"
    return [Mutant("stub", name, f"def {method.name}(*args):\n    {body}\n") for name, body in bodies.items()]
