"""Names and constants of a Java source and of its Python translation, changed in both at once.

    Pair(java, python)                  the two texts
    nameable(pair) -> Names             the names that may be changed without changing what the programs do
    constants(pair) -> Constants        the constants that occur in both
    rewrite(pair, names, values) -> Pair

Changes are made by byte ranges, so that layout and comments stay. Whether the two programs still do the same is for a
recording to show (vary.py): what is done here without knowing types is careful, not proven.
"""

from __future__ import annotations

import ast
import builtins
import collections
import functools
import heapq
import itertools
import json
import keyword
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tree_sitter import Node

from verirl_tasks.java2py.java import edit, parse, text, unescape, walk

_KEPT = 384  # parsed sources in memory: those of the corpus, and some
Edit = tuple[int, int, str]  # first byte, byte behind the last, new text
Value = int | float | str

_CLASSES = ("class_declaration", "interface_declaration", "enum_declaration", "record_declaration")
_LIBRARY_FIELDS = ("length", "MAX_VALUE", "MIN_VALUE", "out", "err")
_NOT_OURS = (
    "scoped_identifier",
    "scoped_type_identifier",
    "labeled_statement",
    "break_statement",
    "continue_statement",
)

# Attributes of Python's own types: `x.count` may be a list's.
_LIBRARY_ATTRIBUTES = frozenset(
    name
    for owner in (
        str, bytes, bytearray, list, tuple, dict, set, int, float, complex, object, type, Exception, re.Pattern, re.Match,
        collections, collections.deque, collections.Counter, collections.OrderedDict, functools, heapq, itertools, math, re,
    )
    for name in dir(owner)
)  # fmt: skip
_JAVA_WORDS = frozenset(
    """
    abstract assert boolean break byte case catch char class const continue default do double else enum extends final finally
    float for goto if implements import instanceof int interface long native new package private protected public return
    short static strictfp super switch synchronized this throw throws transient try void volatile while true false null var
    record sealed permits yield
    """.split()  # noqa: SIM905
)
RESERVED = _JAVA_WORDS | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins))


@dataclass(frozen=True)
class Pair:
    java: str
    python: str


@dataclass(frozen=True)
class Names:
    """`variables`, `methods`, `classes`: the Java's own that may be renamed. `taken`: every name in either text."""

    variables: tuple[str, ...]
    methods: tuple[str, ...]
    classes: tuple[str, ...]
    taken: frozenset[str]


@dataclass(frozen=True)
class Constants:
    """Those that may be changed, and all that occur in either text."""

    integers: tuple[int, ...]
    floats: tuple[float, ...]
    texts: tuple[str, ...]
    taken: frozenset[Value]


def snake(name: str) -> str:
    """wordCount -> word_count"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def nameable(pair: Pair) -> Names:
    java, python = _java(pair.java), _python(pair.python)
    taken = java.taken | python.taken
    return Names(tuple(java.variables), tuple(java.methods), tuple(java.classes), taken)


def constants(pair: Pair) -> Constants:
    java = {value for _, value, _ in _java(pair.java).literals}
    python = {value for _, value in _python(pair.python).literals}
    both = _by_kind(java & python)
    return Constants(
        tuple(sorted(value for kind, value in both if kind is int)),
        tuple(sorted(value for kind, value in both if kind is float)),
        tuple(sorted(value for kind, value in both if kind is str)),
        frozenset(value for _, value in java | python),
    )


def rewrite(pair: Pair, names: Mapping[str, str], values: Sequence[tuple[Value, Value]] = ()) -> Pair:
    """`names`: old to new, each a name of `nameable`, or a class at the top level; the Python's snake_case spellings of them
    change too. `values`: constants, old and new, of one type (3 and 3.0 are two); all at once, so that two can change
    places."""
    if not names and not values:
        return pair
    typed = {(type(old), old): new for old, new in values}
    java = edit(pair.java, [*_java(pair.java).renamed(names), *_java(pair.java).changed(typed)])
    spelled = {snake(old): snake(new) for old, new in names.items()} | dict(names)
    return Pair(java, edit(pair.python, _python(pair.python).edits(spelled, typed)))


def rename_python(source: str, names: Mapping[str, str]) -> str:
    """As `names` says, in a Python text alone."""
    if not names:
        return source
    return edit(source, _python(source).edits(names, {}))


@lru_cache(maxsize=_KEPT)
def imports_and_rest(source: str) -> tuple[list[str], str]:
    """The import statements of a Python text, and what is left without them."""
    data = source.encode()
    python = _python(source)
    found = [node for node in python.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    cut = [(*python.span(node), "") for node in found]
    return [data[start:end].decode() for start, end, _ in cut], edit(source, cut).strip() + "\n"


@lru_cache(maxsize=_KEPT)
def top_level(source: str) -> dict[str, str]:
    """The names that a Python module binds, with what binds them, as code; imports are not among them."""
    found = {}
    for node in _python(source).tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = ast.unparse(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    found[part.id] = ast.unparse(node)
    return found


def without(source: str, names: set[str]) -> str:
    """A Python module without these of its functions, classes and assignments."""
    python = _python(source)
    cut = []
    for node in python.tree.body:
        bound = {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else set()
        if isinstance(node, ast.Assign):
            bound = {part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        if bound and bound <= names:
            start, end = python.span(node)
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.decorator_list:
                start = python.span(node.decorator_list[0])[0] - 1
            cut.append((start, end, ""))
    return re.sub(r"\n{4,}", "\n\n\n", edit(source, cut)).strip() + "\n"


def _by_kind(found: set[tuple[type, Any]]) -> list[tuple[type, Any]]:
    return [(kind, value) for kind, value in found if not (kind is float and not math.isfinite(value))]


# ---------------------------------------------------------------------------------------------------------------- Java


@lru_cache(maxsize=_KEPT)
def _java(source: str) -> _Java:
    return _Java(source)


class _Java:
    def __init__(self, source: str) -> None:
        self.nodes = list(walk(parse(source).tree.root_node))
        self.taken = frozenset(text(node) for node in self.nodes if node.type in ("identifier", "type_identifier"))
        self.fields: set[str] = set()
        self._declared()
        self.literals = list(self._literals())

    def _declared(self) -> None:
        variables: set[str] = set()
        methods: set[str] = set()
        classes: set[str] = set()
        never: set[str] = set()
        called: set[str] = set()  # without a receiver
        entries: set[str] = set()
        for node in self.nodes:
            parent = node.parent
            if parent is None:
                continue
            word = text(node) if node.type in ("identifier", "type_identifier") else ""
            is_name = word and parent.child_by_field_name("name") == node
            if parent.type in ("enum_constant", *_NOT_OURS) and word and parent.type not in _NOT_OURS[2:]:
                never.add(word)
            elif parent.type == "formal_parameter" and is_name:
                record = parent.parent is not None and parent.parent.parent
                (never if record and record.type == "record_declaration" else variables).add(word)
            elif parent.type == "variable_declarator" and is_name:
                variables.add(word)
                if parent.parent is not None and parent.parent.type == "field_declaration":
                    self.fields.add(word)
            elif word and _binds(node, parent):
                variables.add(word)
            elif parent.type == "method_declaration" and is_name:
                methods.add(word)
                if "@Override" in text(parent).partition("(")[0]:
                    never.add(word)
                if class_of(parent) == "Solution":
                    entries.add(word)
            elif parent.type == "method_invocation" and is_name:
                receiver = parent.child_by_field_name("object")
                if receiver is None:
                    called.add(word)
                elif text(receiver) not in ("this", "super"):
                    methods.discard(word)
                    never.add(f"{word}()")
            elif parent.type == "method_reference" and word and parent.children[-1] == node:
                never.add(f"{word}()")
            elif parent.type == "record_declaration" and is_name:
                never.add(word)  # a record prints its name
            elif parent.type in _CLASSES and is_name:
                classes.add(word)
        # What is called on an object may be the library's too; what is never called is called by the library.
        methods = {word for word in methods if f"{word}()" not in never and (word in called or word in entries)}
        odd = never | (methods & classes) | {word for word in self.fields if word in _LIBRARY_FIELDS}
        hidden = {word for word in variables if f"{word}()" in never and word not in self.fields}
        self.variables = sorted(variables - odd - (hidden & methods))
        self.methods = sorted(methods - odd)
        self.classes = sorted(classes - odd - {"Solution"})

    def renamed(self, names: Mapping[str, str]) -> Iterator[Edit]:
        owned = set(self.methods)
        for node in self.nodes:
            if node.type not in ("identifier", "type_identifier") or (word := text(node)) not in names:
                continue
            parent = node.parent
            assert parent is not None
            if parent.type in _NOT_OURS:
                continue
            if parent.type == "method_declaration" and parent.child_by_field_name("name") == node and word not in owned:
                continue
            if parent.type == "method_invocation" and parent.child_by_field_name("name") == node and word not in owned:
                continue
            if parent.type == "method_reference" and parent.children[-1] == node:
                continue
            if (
                parent.type == "field_access"
                and parent.child_by_field_name("field") == node
                and word not in self.fields
            ):
                continue
            yield node.start_byte, node.end_byte, names[word]

    def _literals(self) -> Iterator[tuple[Node, tuple[type, Any], str]]:
        """Node, (type, value), and how the new value is written: with this suffix, or in these quotes."""
        for node in self.nodes:
            word = text(node)
            if node.type == "decimal_integer_literal":
                suffix = word[-1] if word[-1] in "lL" else ""
                yield node, (int, int(word.rstrip("lL").replace("_", ""))), suffix
            elif node.type == "decimal_floating_point_literal" and word[-1] not in "fF":
                yield node, (float, float(word.rstrip("dD").replace("_", ""))), ""
            elif node.type == "character_literal" or (node.type == "string_literal" and not word.startswith('"""')):
                yield node, (str, unescape(word[1:-1])), word[0]

    def changed(self, values: Mapping[tuple[type, Any], Value]) -> Iterator[Edit]:
        for node, value, style in self.literals:
            if value in values:
                new = values[value]
                if isinstance(new, str):
                    escaped = json.dumps(new)[1:-1]
                    word = (
                        style + (escaped if style == '"' else escaped.replace('\\"', '"').replace("'", "\\'")) + style
                    )
                else:
                    word = f"{new!r}{style}"
                yield node.start_byte, node.end_byte, word


def _binds(node: Node, parent: Node) -> bool:
    """Whether a name stands where a variable without a declarator gets its name."""
    if parent.type == "lambda_expression":
        return parent.child_by_field_name("parameters") == node
    return parent.type == "inferred_parameters" or (
        parent.type in ("enhanced_for_statement", "catch_formal_parameter", "resource", "instanceof_expression")
        and parent.child_by_field_name("name") == node
    )


def class_of(node: Node) -> str:
    """The name of the class that a declaration stands in."""
    parent = node.parent
    while parent is not None and parent.type not in _CLASSES:
        parent = parent.parent
    name = None if parent is None else parent.child_by_field_name("name")
    return "" if name is None else text(name)


# -------------------------------------------------------------------------------------------------------------- Python


@lru_cache(maxsize=_KEPT)
def _python(source: str) -> _Python:
    return _Python(source)


@dataclass
class _Bound:
    """Names of a module, by what binds them."""

    variables: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)


class _Python:
    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.lines = [0]
        data = source.encode()
        for line in data.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.data = data
        # Positions within an f-string are right from Python 3.12 on: it is replaced as a whole.
        self.inside: set[int] = set()
        self.templates = []
        self.nodes = list(ast.walk(self.tree))
        for node in self.nodes:
            if isinstance(node, ast.JoinedStr) and id(node) not in self.inside:
                self.templates.append(node)
                self.inside |= {id(part) for part in ast.walk(node) if part is not node}
        self.literals: list[tuple[ast.Constant, tuple[type, Any]]] = [
            (node, (type(node.value), node.value))
            for node in self.nodes
            if isinstance(node, ast.Constant) and type(node.value) in (int, float, str)
        ]
        self.bound = self._bound()
        names = (re.findall(r"[^\W\d]\w*", source)) if source else []
        self.taken = frozenset(names)

    def span(self, node: Any) -> tuple[int, int]:
        return (
            self.lines[node.lineno - 1] + node.col_offset,
            self.lines[node.end_lineno - 1] + node.end_col_offset,
        )

    def _bound(self) -> _Bound:
        found = _Bound()
        for node in self.nodes:
            if isinstance(node, ast.ClassDef):
                for member in node.body:
                    found.attributes |= _member_names(member)
            if isinstance(node, ast.Import | ast.ImportFrom):
                found.imported |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.attributes.add(node.attr)
            elif isinstance(node, ast.MatchAs | ast.MatchStar | ast.MatchMapping):
                found.imported.add(getattr(node, "name", None) or getattr(node, "rest", None) or "")
            for name in _bound_by(node):
                found.variables.add(name)
        return found

    def edits(self, names: Mapping[str, str], values: Mapping[tuple[type, Any], Value]) -> list[Edit]:
        attributes = self.bound.attributes - _LIBRARY_ATTRIBUTES - self.bound.imported
        variables = self.bound.variables - self.bound.imported
        # A member of a class that cannot be renamed keeps its name; a variable of the same name would be the same word there.
        variables -= self.bound.attributes & _LIBRARY_ATTRIBUTES
        change = _Change(
            {old: new for old, new in names.items() if old in variables},
            {old: new for old, new in names.items() if old in attributes},
            values,
        )
        found: list[Edit] = []
        for node in self.nodes:
            if id(node) not in self.inside:
                found += self._edit(node, change)
        for template in self.templates:
            start, end = self.span(template)
            old = self.data[start:end].decode()
            new = ast.unparse(change.visit(ast.parse(old.strip(), mode="eval").body))
            if new != ast.unparse(ast.parse(old.strip(), mode="eval").body):
                found.append((start, end, new if '"' in new else _double_quoted(new)))
        return found

    def _edit(self, node: ast.AST, change: _Change) -> Iterator[Edit]:
        if isinstance(node, ast.Name) and node.id in change.variables:
            yield (*self.span(node), change.variables[node.id])
        elif isinstance(node, ast.arg) and node.arg in change.variables:
            start, _ = self.span(node)
            yield start, start + len(node.arg.encode()), change.variables[node.arg]
        elif isinstance(node, ast.Attribute) and node.attr in change.attributes:
            _, end = self.span(node)
            yield end - len(node.attr.encode()), end, change.attributes[node.attr]
        elif isinstance(node, ast.keyword) and node.arg is not None and node.arg in change.attributes:
            start, _ = self.span(node)
            yield start, start + len(node.arg.encode()), change.attributes[node.arg]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            new = change.variables.get(node.name) or change.attributes.get(node.name)
            if new:
                start = self.span(node)[0] + (4 if isinstance(node, ast.FunctionDef) else 6)
                yield start, start + len(node.name.encode()), new
        elif isinstance(node, ast.ExceptHandler) and node.name is not None and node.name in change.variables:
            assert node.type is not None  # there is no name without a type
            _, start = self.span(node.type)
            name = node.name.encode()
            place = self.data.index(name, start + len(" as"))
            yield place, place + len(name), change.variables[node.name]
        elif isinstance(node, ast.Global | ast.Nonlocal) and any(name in change.variables for name in node.names):
            word = "global" if isinstance(node, ast.Global) else "nonlocal"
            yield (*self.span(node), f"{word} {', '.join(change.variables.get(n, n) for n in node.names)}")
        elif isinstance(node, ast.Constant) and (type(node.value), node.value) in change.values:
            yield (*self.span(node), _written(change.values[(type(node.value), node.value)]))


class _Change(ast.NodeTransformer):
    def __init__(
        self, variables: Mapping[str, str], attributes: Mapping[str, str], values: Mapping[tuple[type, Any], Value]
    ) -> None:
        self.variables, self.attributes, self.values = variables, attributes, values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.variables.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self.variables.get(node.arg, node.arg))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.Attribute(self.visit(node.value), self.attributes.get(node.attr, node.attr), node.ctx)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(self.values.get((type(node.value), node.value), node.value))


def _written(value: Value) -> str:
    """As a Python literal, text in double quotes."""
    if not isinstance(value, str):
        return repr(value)
    return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value)


def _double_quoted(template: str) -> str:
    """An f-string as `ast` writes it, in double quotes: there is none within."""
    return (
        re.sub(r"^(f)'(.*)'$", r'\1"\2"', template) if "\\" not in template and template.count("'") == 2 else template
    )


def _member_names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()


def _bound_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.ExceptHandler) and node.name:
        return [node.name]
    return []
