"""Java source as a syntax tree: the methods, the literals, and changes made by byte ranges.

parse(source) -> JavaSource          .methods, .method(name), .literals, .broken
JavaSource.method(name) -> Method    raises JavaError: missing, overloaded, unsupported types
strip_comments(source) -> str
edit(source, edits) -> str           replaces byte ranges, from back to front
instrument(source, package) -> str   as it is compiled for recording: lines keep their numbers
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import tree_sitter_java
from tree_sitter import Language, Node, Parser, Tree

from verirl_tasks.java2py.types import JavaType, Unsupported, parse_type

_LANGUAGE = Language(tree_sitter_java.language())
_CLASSES = ("class_declaration", "record_declaration", "enum_declaration", "interface_declaration")
_LOOPS = ("for_statement", "enhanced_for_statement", "while_statement", "do_statement")
_COMMENTS = ("line_comment", "block_comment")


class JavaError(Exception):
    """What is wrong with a problem's Java, in one sentence for people."""


@dataclass(frozen=True)
class Method:
    """`class_name` as the JVM has it within its package (Outer$Inner). `handles_null`: indices of the parameters that the
    source compares with null; `null_elements`: of those whose elements it compares with null."""

    name: str
    class_name: str
    static: bool
    names: tuple[str, ...]
    params: tuple[JavaType, ...]
    returns: JavaType
    handles_null: frozenset[int] = frozenset()
    null_elements: frozenset[int] = frozenset()
    literals: Literals = field(default_factory=lambda: Literals())

    @property
    def signature(self) -> str:
        parameters = ", ".join(f"{type} {name}" for type, name in zip(self.params, self.names, strict=True))
        return f"{'static ' if self.static else ''}{self.returns} {self.name}({parameters})"


@dataclass(frozen=True)
class Literals:
    """What the source compares against or works with: its constants."""

    integers: tuple[int, ...] = ()
    floats: tuple[float, ...] = ()
    strings: tuple[str, ...] = ()
    chars: tuple[str, ...] = ()
    calls: frozenset[str] = frozenset()  # names of the methods that it calls


def parse(source: str) -> JavaSource:
    """Of any text; what is wrong with it shows later, as a JavaError of `method` or of the compiler."""
    return JavaSource(source)


class JavaSource:
    def __init__(self, source: str) -> None:
        try:
            self.bytes = source.encode()
        except UnicodeEncodeError:
            raise JavaError("the Java source holds a lone surrogate, which no file can; write it as \\uXXXX.") from None
        self.source = source
        self.tree: Tree = Parser(_LANGUAGE).parse(self.bytes)

    @property
    def broken(self) -> bool:
        """Whether the parser met what it does not know: most often a syntax error, for javac to name."""
        return self.tree.root_node.has_error

    @cached_property
    def methods(self) -> list[Node]:
        """The `method_declaration` nodes of named classes, in the order of the source."""
        return [node for node in walk(self.tree.root_node) if node.type == "method_declaration" and _owner(node)]

    @cached_property
    def literals(self) -> Literals:
        return _literals(self.tree.root_node)

    def method(self, name: str) -> Method:
        """`name` may be `Class.method`. Raises JavaError where there is none of the name, or more than one."""
        owner, _, simple = name.rpartition(".")
        found = [node for node in self.methods if _name(node) == simple]
        if owner:
            found = [node for node in found if class_name(node).replace("$", ".").endswith(owner)]
        if not found:
            names = ", ".join(dict.fromkeys(map(_name, self.methods))) or "none at all"
            raise JavaError(f"the Java has no method {name!r}; it has: {names}.")
        if len(found) > 1:
            listed = "; ".join(f"{class_name(node)}: {_head(node)}" for node in found)
            advice = (
                "name it as Class.method" if len({class_name(node) for node in found}) > 1 else "rename all but one"
            )
            raise JavaError(f"the Java has {len(found)} methods {name!r} ({listed}); {advice}.")
        return self._described(found[0])

    def _described(self, node: Node) -> Method:
        name = _name(node)
        static = "static" in _modifiers(node)
        if "abstract" in _modifiers(node) or node.child_by_field_name("body") is None:
            raise JavaError(f"the method {name!r} has no body.")
        generic = node.child_by_field_name("type_parameters")
        if generic is not None:
            raise JavaError(f"{name}: type parameters {text(generic)} are not supported; write the types out.")
        returns, names, params = node.child_by_field_name("type"), [], []
        assert returns is not None
        parameters = node.child_by_field_name("parameters")
        assert parameters is not None
        place = "its result"
        try:
            result = parse_type(returns, _brackets(node))
            for parameter in parameters.named_children:
                if parameter.type in _COMMENTS:
                    continue
                if parameter.type == "spread_parameter":
                    kind = next(c for c in parameter.named_children if c.type != "modifiers")
                    declarator = parameter.named_children[-1]
                    place = f"parameter {text(declarator)}"
                    names.append(text(declarator))
                    params.append(JavaType("array", args=(parse_type(kind),)))
                    continue
                label, kind_or_none = parameter.child_by_field_name("name"), parameter.child_by_field_name("type")
                if label is None or kind_or_none is None:
                    raise Unsupported(text(parameter))
                place = f"parameter {text(label)}"
                names.append(text(label))
                params.append(parse_type(kind_or_none, _brackets(parameter)))
        except Unsupported as error:
            raise JavaError(
                f"{name}: the type {error} of {place} is not supported; supported are primitives and their boxes, String, "
                "Object, arrays, List, Set, Map, Optional and what is made of them."
            ) from None
        for index, kind_ in enumerate(params):
            if any(part.kind == "optional" for part in kind_.walk()):
                raise JavaError(f"{name}: the type {kind_} of parameter {names[index]} is supported for results alone.")
        if not static and (problem := _no_instance(node)):
            raise JavaError(f"{name} is an instance method, and {problem}; make it static.")
        nulls, elements = _nulls(node, names)
        return Method(
            name, class_name(node), static, tuple(names), tuple(params), result, nulls, elements, self.literals
        )


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it, in the order of the source."""
    stack = [node]
    while stack:
        found = stack.pop()
        yield found
        stack.extend(reversed(found.children))


def text(node: Node) -> str:
    return (node.text or b"").decode()


def edit(source: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """`edits`: (first byte, byte behind the last, new text), of the UTF-8 source; they do not overlap. At one place
    insertions come in the order in which they are given."""
    data = source.encode()
    parts, place = [], 0
    for start, end, new in sorted(edits, key=lambda item: item[:2]):
        parts += [data[place:start], new.encode()]
        place = end
    return b"".join([*parts, data[place:]]).decode()


def strip_comments(source: str) -> str:
    """Without comments, and without the lines that held nothing else."""
    root = parse(source).tree.root_node
    edits = [(n.start_byte, n.end_byte, "\0") for n in walk(root) if n.type in _COMMENTS]
    stripped = edit(source, edits)
    lines = []
    for line in stripped.split("\n"):
        if "\0" not in line:
            lines.append(line)
        elif rest := line.replace("\0", " ").rstrip():
            lines.append(rest)
    return "\n".join(lines)


def hide_names(source: str, method: str) -> tuple[str, str]:
    """With neutral names for the classes, methods and variables that the source declares, so that they do not say what it
    does, and the method's new name. A name that may also be one of the library's stays; so do all in a source with records,
    whose components are methods too."""
    parsed = parse(source)
    nodes = [node for node in walk(parsed.tree.root_node) if node.type in ("identifier", "type_identifier")]
    if parsed.broken or any(n.type == "record_declaration" for n in walk(parsed.tree.root_node)):
        return source, method
    owner, _, simple = method.rpartition(".")
    types, methods, variables, fields = _declared(parsed.tree.root_node)
    uses = [(node, _use(node, types)) for node in nodes]
    methods -= {text(node) for node, use in uses if use == "foreign call"}
    variables -= {text(node) for node, use in uses if use == "foreign field" and text(node) not in fields} | {"length"}
    taken = {text(node) for node in nodes}
    new: dict[tuple[str, str], str] = {}

    def name(kind: str, old: str) -> str:
        if (kind, old) not in new:
            first = {"type": "C", "method": "f", "variable": "v"}[kind]
            numbers = iter(range(10_000))
            made = "f" if kind == "method" and old == simple else f"{first}{next(numbers)}"
            while made in taken:
                made = f"{first}{next(numbers)}"
            taken.add(made)
            new[kind, old] = made
        return new[kind, old]

    edits = []
    for node, use in uses:
        word = text(node)
        if use in ("type", "variable") and word in types and (use == "type" or word not in variables):
            edits.append((node.start_byte, node.end_byte, name("type", word)))
        elif use in ("method", "foreign call"):
            if word in methods:
                edits.append((node.start_byte, node.end_byte, name("method", word)))
        elif use in ("variable", "foreign field") and word in variables:
            edits.append((node.start_byte, node.end_byte, name("variable", word)))
    path = [name("type", part) if part in types else part for part in owner.split(".")] if owner else []
    return edit(source, edits), ".".join([*path, name("method", simple) if simple in methods else simple])


def _declared(root: Node) -> tuple[set[str], set[str], set[str], set[str]]:
    """Names of classes, methods, variables (fields among them), and fields."""
    types: set[str] = set()
    methods: set[str] = set()
    variables: set[str] = set()
    fields: set[str] = set()
    kept: set[str] = set()
    for node in walk(root):
        if node.type in _CLASSES:
            types.add(_name(node))
        elif node.type == "method_declaration":
            # What implements a method of the library's is called by its name from there.
            (kept if "@Override" in _modifiers(node) else methods).add(_name(node))
        elif node.type in (
            "variable_declarator",
            "formal_parameter",
            "enhanced_for_statement",
            "catch_formal_parameter",
        ):
            variables.add(_name(node))
            if node.parent is not None and node.parent.type == "field_declaration":
                fields.add(_name(node))
        elif node.type == "lambda_expression" and (one := node.child_by_field_name("parameters")) is not None:
            variables |= {text(child) for child in walk(one) if child.type == "identifier"}
        elif node.type in (
            "method_reference",
            "annotation",
            "marker_annotation",
            "enum_constant",
            "instanceof_expression",
        ):
            kept |= {text(child) for child in walk(node) if child.type == "identifier"}
    return types, methods - kept, variables - kept, fields


def _use(node: Node, types: set[str]) -> str:
    """What an identifier names where it stands."""
    parent = node.parent
    if parent is None or node.type == "type_identifier" or parent.type in (*_CLASSES, "constructor_declaration"):
        return "type"
    if parent.type == "method_declaration":
        return "method"
    if parent.type == "method_invocation" and parent.child_by_field_name("name") == node:
        owner = parent.child_by_field_name("object")
        return "method" if owner is None or text(owner) == "this" or text(owner) in types else "foreign call"
    if parent.type == "field_access" and parent.child_by_field_name("field") == node:
        owner = parent.child_by_field_name("object")
        return "variable" if owner is not None and text(owner) in ("this", *types) else "foreign field"
    if parent.type in ("labeled_statement", "break_statement", "continue_statement", "scoped_identifier"):
        return "label"
    return "variable"


def class_name(node: Node) -> str:
    """Of the class that a declaration stands in, as the JVM names it within its package."""
    names = []
    parent = node.parent
    while parent is not None:
        if parent.type in _CLASSES:
            names.append(_name(parent))
        parent = parent.parent
    return "$".join(reversed(names))


def _owner(node: Node) -> bool:
    """False for methods of anonymous and local classes, which cannot be called from outside."""
    parent = node.parent
    while parent is not None:
        if parent.type in ("method_declaration", "object_creation_expression", "lambda_expression", "block"):
            return False
        parent = parent.parent
    return True


def _name(node: Node) -> str:
    found = node.child_by_field_name("name")
    return "" if found is None else text(found)


def _head(node: Node) -> str:
    returns, parameters = node.child_by_field_name("type"), node.child_by_field_name("parameters")
    assert returns is not None and parameters is not None
    return f"{text(returns)} {_name(node)}{text(parameters)}"


def _modifiers(node: Node) -> set[str]:
    return {word for child in node.children if child.type == "modifiers" for word in text(child).split()}


def _brackets(node: Node) -> int:
    found = node.child_by_field_name("dimensions")
    return 0 if found is None else text(found).count("[")


def _no_instance(method: Node) -> str:
    """Why the class of an instance method cannot be made with `new C()`; empty where it can."""
    parent = method.parent
    while parent is not None and parent.type not in _CLASSES:
        parent = parent.parent
    assert parent is not None
    name = _name(parent)
    if parent.type != "class_declaration":
        return f"{name} is no class that can be made without arguments"
    if "abstract" in _modifiers(parent):
        return f"{name} is abstract"
    outer = parent.parent and parent.parent.parent
    if outer is not None and outer.type == "class_declaration" and "static" not in _modifiers(parent):
        return f"{name} is an inner class that is not static"
    body = parent.child_by_field_name("body")
    constructors = [] if body is None else [c for c in body.named_children if c.type == "constructor_declaration"]
    for constructor in constructors:
        parameters = constructor.child_by_field_name("parameters")
        if parameters is None or not [c for c in parameters.named_children if c.type not in _COMMENTS]:
            return ""
    return f"{name} has no constructor without arguments" if constructors else ""


def _nulls(method: Node, names: list[str]) -> tuple[frozenset[int], frozenset[int]]:
    """Which parameters, and whose elements, the method compares with null."""
    compared: set[str] = set()
    loops: dict[str, str] = {}
    for node in walk(method):
        if node.type == "binary_expression" and {"==", "!="} & {child.type for child in node.children}:
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            assert left is not None and right is not None
            for one, other in ((left, right), (right, left)):
                if other.type == "null_literal":
                    compared.add(re.sub(r"\s", "", text(one)))
        elif node.type == "method_invocation" and _name(node) in ("isNull", "nonNull", "equals", "ofNullable"):
            owner, arguments = node.child_by_field_name("object"), node.child_by_field_name("arguments")
            if owner is not None and text(owner) in ("Objects", "Optional") and arguments is not None:
                compared |= {text(argument) for argument in arguments.named_children}
        elif node.type == "enhanced_for_statement":
            value = node.child_by_field_name("value")
            loops[_name(node)] = "" if value is None else text(value)
    nulls, elements = set(), set()
    for index, name in enumerate(names):
        if name in compared:
            nulls.add(index)
        within = re.compile(rf"{re.escape(name)}(\[.*\]|\.get\(.*\))")
        if any(within.fullmatch(found) or loops.get(found) == name for found in compared):
            elements.add(index)
    return frozenset(nulls), frozenset(elements)


# ------------------------------------------------------------------------------------------------------------- literals


def _literals(root: Node) -> Literals:
    integers: dict[int, None] = {}
    floats: dict[float, None] = {}
    strings: dict[str, None] = {}
    chars: dict[str, None] = {}
    calls: set[str] = set()
    for node in walk(root):
        if node.type.endswith("_integer_literal"):
            value = _integer(text(node))
            if value is not None:
                negative = node.parent is not None and text(node.parent).startswith("-")
                integers[-value if negative else value] = None
        elif node.type == "decimal_floating_point_literal":
            found = float(text(node).replace("_", "").rstrip("fFdD"))
            floats[-found if node.parent is not None and text(node.parent).startswith("-") else found] = None
        elif node.type == "character_literal":
            chars[unescape(text(node)[1:-1])] = None
        elif node.type == "string_literal" and not text(node).startswith('"""'):
            strings[unescape(text(node)[1:-1])] = None
        elif node.type == "method_invocation":
            calls.add(_name(node))
        elif node.type == "field_access" and text(node).endswith((".MAX_VALUE", ".MIN_VALUE")):
            bits = {"Byte": 8, "Short": 16, "Integer": 32, "Long": 64}.get(text(node).partition(".")[0])
            if bits:
                integers[(1 << bits - 1) - 1 if "MAX" in text(node) else -(1 << bits - 1)] = None
    return Literals(tuple(integers), tuple(floats), tuple(strings), tuple(chars), frozenset(calls))


def _integer(word: str) -> int | None:
    word = word.replace("_", "").rstrip("lL").lower()
    try:
        if word.startswith(("0x", "0b")):
            return int(word, 0)
        return int(word, 8) if len(word) > 1 and word.startswith("0") else int(word)
    except ValueError:
        return None


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "s": " "}


def unescape(inner: str) -> str:
    """What a Java character or string literal stands for, given what is between its quotes."""

    def one(match: re.Match[str]) -> str:
        word = match[1]
        if word.startswith("u"):
            return chr(int(word.lstrip("u"), 16))
        if word[0] in "01234567":
            return chr(int(word, 8))
        return _ESCAPES.get(word, word)

    found = re.sub(r"\\(u+[0-9a-fA-F]{4}|[0-3]?[0-7]{1,2}|.)", one, inner, flags=re.DOTALL)
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


# ------------------------------------------------------------------------------------------------------ instrumentation


@lru_cache(maxsize=256)
def instrument(source: str, package: str, counting: bool = True) -> str:
    """The source in a package of its own. With `counting`, loops and branches call `verirl.Fuel.at(id)` and methods
    `verirl.Fuel.in()` and `.out()`, which count steps, bound the depth of recursion, and note the path that was taken."""
    parsed = parse(source)
    root = parsed.tree.root_node
    edits: list[tuple[int, int, str]] = [(0, 0, f"package {package}; ")]
    for node in root.named_children:
        if node.type == "package_declaration":
            edits.append((node.start_byte, node.end_byte, ""))
        elif node.type in _CLASSES:  # a public class would have to stand in a file of its name
            for modifiers in node.children:
                if modifiers.type == "modifiers":
                    edits += [(m.start_byte, m.end_byte, "") for m in modifiers.children if m.type == "public"]
    if counting and not parsed.broken:
        edits += _counters(root)
    return edit(source, edits)


def _counters(root: Node) -> list[tuple[int, int, str]]:
    opening: list[tuple[int, int, str]] = []
    closing: list[tuple[int, int, str]] = []  # inner ones first
    count = 0
    for node in walk(root):
        bodies = []
        if node.type in _LOOPS:
            bodies = [node.child_by_field_name("body")]
        elif node.type == "if_statement":
            bodies = [node.child_by_field_name("consequence"), node.child_by_field_name("alternative")]
        elif node.type == "lambda_expression":
            body = node.child_by_field_name("body")
            bodies = [body] if body is not None and body.type == "block" else []
        elif node.type == "switch_block_statement_group":
            labels = [child for child in node.children if child.type == ":"]
            if labels:
                opening.append((labels[-1].end_byte, labels[-1].end_byte, f" verirl.Fuel.at({count});"))
                count += 1
        elif node.type == "method_declaration":
            body = node.child_by_field_name("body")
            if body is not None:
                opening.append((body.start_byte + 1, body.start_byte + 1, " verirl.Fuel.in(); try {"))
                closing.append((body.end_byte - 1, body.end_byte - 1, "} finally { verirl.Fuel.out(); }"))
        for body in bodies:
            if body is None:
                continue
            call = f" verirl.Fuel.at({count});"
            count += 1
            if body.type == "block":
                opening.append((body.start_byte + 1, body.start_byte + 1, call))
            else:
                opening.append((body.start_byte, body.start_byte, f"{{{call} "))
                closing.append((body.end_byte, body.end_byte, " }"))
    return opening + closing[::-1]
