"""A third method that calls two of the corpus, in Java and in Python.

    FORMS: {"chain": ..., ...}
    compose(form, first, second) -> Composed | None     None where their types do not fit

Forms, with `f` the first and `g` the second:

    chain   f of what g gives back; f's other parameters come first
    after   g, which returns nothing, changes an argument in place, and then f gets it
    both    what f and what g give back, put together: texts joined, numbers compared, truths and-ed
    guard   f where g says true, else a constant
    each    f of every item of a list (g is f)

Parameters of one type are shared: both methods get the same object, and one sees what the other does to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from verirl_tasks.java2py.java import Method, parse, text
from verirl_tasks.java2py.rewrite import RESERVED, Pair, imports_and_rest, rename_python, rewrite, top_level, without
from verirl_tasks.java2py.types import JavaType

_BOXES = {
    "int": "Integer", "long": "Long", "short": "Short", "byte": "Byte", "char": "Character", "boolean": "Boolean",
    "float": "Float", "double": "Double",
}  # fmt: skip
_DEFAULTS = {"int": ("-1", "-1"), "long": ("-1L", "-1"), "boolean": ("false", "False"), "string": ('"none"', '"none"')}
_JOINED = {
    "string": ('{f} + " / " + {g}', '{f} + " / " + {g}'),
    "boolean": ("{f} && {g}", "{f} and {g}"),
    "int": ("Math.max({f}, {g})", "max({f}, {g})"),
    "long": ("Math.min({f}, {g})", "min({f}, {g})"),
}
_TYPE_DECLARATIONS = ("class_declaration", "interface_declaration", "enum_declaration", "record_declaration")
MAX_PARAMETERS = 4


@dataclass(frozen=True)
class Part:
    """A method that is composed: its source, and the name of the method."""

    pair: Pair
    method: str


@dataclass(frozen=True)
class Composed:
    pair: Pair
    method: str


@dataclass(frozen=True)
class _Body:
    """The statements of the new method, and its parameters."""

    returns: str
    params: tuple[tuple[str, str], ...]  # type, name
    java: tuple[str, ...]
    python: tuple[str, ...]


class _Call:
    """How one of the two is called from the new method."""

    def __init__(self, part: Part, owner: str) -> None:
        self.method = signature(part.pair.java, part.method)
        self.owner = owner if self.method.static else f"new {owner}()"

    def java(self, arguments: list[str]) -> str:
        return f"{self.owner}.{self.method.name}({', '.join(arguments)})"

    def python(self, arguments: list[str]) -> str:
        return f"{self.method.name}({', '.join(arguments)})"


def compose(form: str, first: Part, second: Part) -> Composed | None:
    """The method is called after both; names that both sources declare are changed in the second."""
    name = first.method if first is second else f"{first.method}{_FORMS[form].word}{_capital(second.method)}"
    if first is not second:
        second = _apart(first, second, name)
    owners = (f"{_capital(first.method)}Part", f"{_capital(second.method)}Part")
    name = f"{name}ForAll" if first is second else name
    body = _FORMS[form].body(_Call(first, owners[0]), _Call(second, owners[1]))
    if body is None or len(body.params) > MAX_PARAMETERS:
        return None
    parts = [first] if first is second else [first, second]
    sources = [_java_parts(part.pair.java, owner) for part, owner in zip(parts, owners, strict=False)]
    if any(found is None for found in sources):
        return None
    return Composed(Pair(_java(name, body, [s for s in sources if s]), _python(name, body, parts)), name)


@lru_cache(maxsize=1024)
def signature(java: str, method: str) -> Method:
    return parse(java).method(method)


def fits(form: str, first: Part, second: Part) -> bool:
    """Whether `compose` can be asked: their types allow the form."""
    body = _FORMS[form].body(_Call(first, "First"), _Call(second, "Second"))
    return body is not None and len(body.params) <= MAX_PARAMETERS


# --------------------------------------------------------------------------------------------------------------- forms


def _chain(f: _Call, g: _Call) -> _Body | None:
    given = g.method.returns
    place = next((i for i, type in enumerate(f.method.params) if type == given), None)
    if place is None or f.method.returns.kind == "void":
        return None
    params = _Parameters(f, g)
    others = [params.own(f, i) if i != place else "" for i in range(len(f.method.params))]
    inner = params.all(g)
    found = params.fresh("found")
    outer = [found if i == place else name for i, name in enumerate(others)]
    return _Body(
        str(f.method.returns),
        params.found,
        (f"{given} {found} = {g.java(inner)};", f"return {f.java(outer)};"),
        (f"{found} = {g.python(inner)}", f"return {f.python(outer)}"),
    )


def _after(f: _Call, g: _Call) -> _Body | None:
    if g.method.returns.kind != "void" or f.method.returns.kind == "void":
        return None
    if not any(type.mutable and type in f.method.params for type in g.method.params):
        return None
    params = _Parameters(f, g)
    inner = params.all(g)
    outer = params.all(f, shared=True)
    return _Body(
        str(f.method.returns),
        params.found,
        (f"{g.java(inner)};", f"return {f.java(outer)};"),
        (g.python(inner), f"return {f.python(outer)}"),
    )


def _both(f: _Call, g: _Call) -> _Body | None:
    returns = f.method.returns
    if returns != g.method.returns or returns.boxed or returns.kind not in _JOINED:
        return None
    params = _Parameters(f, g)
    one, other = params.all(f), params.all(g, shared=True)
    java, python = _JOINED[returns.kind]
    return _Body(
        str(returns),
        params.found,
        (f"return {java.format(f=f.java(one), g=g.java(other))};",),
        (f"return {python.format(f=f.python(one), g=g.python(other))}",),
    )


def _guard(f: _Call, g: _Call) -> _Body | None:
    returns = f.method.returns
    if g.method.returns != JavaType("boolean") or returns.boxed or returns.kind not in _DEFAULTS:
        return None
    params = _Parameters(f, g)
    one, other = params.all(f), params.all(g, shared=True)
    java, python = _DEFAULTS[returns.kind]
    return _Body(
        str(returns),
        params.found,
        (f"if ({g.java(other)}) {{", f"    return {f.java(one)};", "}", f"return {java};"),
        (f"if {g.python(other)}:", f"    return {f.python(one)}", f"return {python}"),
    )


def _each(f: _Call, g: _Call) -> _Body | None:
    returns, params = f.method.returns, _Parameters(f, g)
    if f.method is not g.method or not f.method.params or returns.kind == "void":
        return None
    item = _boxed(f.method.params[0])
    items = params.add(f"List<{item}>", "items")
    one = params.fresh("item")
    rest = [params.own(f, i) for i in range(1, len(f.method.params))]
    if any(type.mutable for type in f.method.params[1:]):
        return None
    out = params.fresh("results")
    return _Body(
        f"List<{_boxed(returns)}>",
        params.found,
        (
            f"List<{_boxed(returns)}> {out} = new ArrayList<>();",
            f"for ({f.method.params[0]} {one} : {items}) {{",
            f"    {out}.add({f.java([one, *rest])});",
            "}",
            f"return {out};",
        ),
        (f"{out} = []", f"for {one} in {items}:", f"    {out}.append({f.python([one, *rest])})", f"return {out}"),
    )


@dataclass(frozen=True)
class _Form:
    word: str
    body: Callable[[_Call, _Call], _Body | None]


_FORMS: Mapping[str, _Form] = {
    "chain": _Form("Of", _chain),
    "after": _Form("After", _after),
    "both": _Form("And", _both),
    "guard": _Form("If", _guard),
    "each": _Form("", _each),
}
FORMS = tuple(_FORMS)


class _Parameters:
    """The new method's, with names of their own."""

    def __init__(self, *calls: _Call) -> None:
        self._found: dict[str, str] = {}  # name: type
        self._taken = {call.method.name for call in calls}

    @property
    def found(self) -> tuple[tuple[str, str], ...]:
        return tuple((type, name) for name, type in self._found.items())

    def fresh(self, name: str) -> str:
        name = f"{name}Given" if name in RESERVED else name
        found, number = name, 2
        while found in self._taken:
            found, number = f"{name}{number}", number + 1
        self._taken.add(found)
        return found

    def add(self, type: str, name: str) -> str:
        name = self.fresh(name)
        self._found[name] = type
        return name

    def own(self, call: _Call, index: int) -> str:
        return self.add(str(call.method.params[index]), call.method.names[index])

    def all(self, call: _Call, shared: bool = False) -> list[str]:
        """The arguments of a call. With `shared`, those of a type that is there already, each but once."""
        left = dict(self._found) if shared else {}
        names = []
        for index, type in enumerate(call.method.params):
            name = next((name for name, found in left.items() if found == str(type)), None)
            if name is None:
                name = self.own(call, index)
            else:
                del left[name]
            names.append(name)
        return names


def _boxed(type: JavaType) -> str:
    return _BOXES.get(str(type), str(type))


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


# ------------------------------------------------------------------------------------------------------------- sources


def _apart(first: Part, second: Part, name: str) -> Part:
    """The second with new names for what is at the top level of both, and its method with a name of its own."""
    new: dict[str, str] = {}
    classes = {n for n, _ in _declarations(first.pair.java)} & {n for n, _ in _declarations(second.pair.java)}
    for word in classes - {"Solution"}:
        new[word] = f"{word}2"
    if second.method == first.method:
        new[second.method] = f"{second.method}Too"
    pair = rewrite(second.pair, new) if new else second.pair
    mine, other = top_level(pair.python), top_level(first.pair.python)
    same = {word for word, code in mine.items() if other.get(word) == code}
    clashing = {word: f"{word}_2" for word in mine.keys() & (other.keys() | {name}) - same}
    return Part(Pair(pair.java, rename_python(pair.python, clashing)), new.get(second.method, second.method))


@lru_cache(maxsize=512)
def _declarations(java: str) -> list[tuple[str, str]]:
    """The classes at the top level: name and code."""
    found = []
    for node in parse(java).tree.root_node.named_children:
        name = node.child_by_field_name("name")
        if node.type in _TYPE_DECLARATIONS and name is not None:
            found.append((text(name), text(node)))
    return found


@lru_cache(maxsize=512)
def _java_parts(java: str, owner: str) -> tuple[list[str], list[str]] | None:
    """Imports and classes, with `owner` for Solution; None where the source cannot do without its own name for it."""
    renamed = rewrite(Pair(java, ""), {"Solution": owner}).java
    imports = [text(n) for n in parse(renamed).tree.root_node.named_children if n.type == "import_declaration"]
    classes = [code for _, code in _declarations(renamed)]
    return None if any(name == "Solution" for name, _ in _declarations(renamed)) else (imports, classes)


def _java(name: str, body: _Body, sources: list[tuple[list[str], list[str]]]) -> str:
    imports = {line for found, _ in sources for line in found}
    imports |= {"import java.util.List;"} if any("List<" in type for type, _ in body.params) else set()
    imports |= (
        {"import java.util.ArrayList;", "import java.util.List;"} if "ArrayList" in " ".join(body.java) else set()
    )
    params = ", ".join(f"{type} {name}" for type, name in body.params)
    lines = "\n".join(f"        {line}" for line in body.java)
    method = f"class Solution {{\n    static {body.returns} {name}({params}) {{\n{lines}\n    }}\n}}"
    classes = [code for _, found in sources for code in found]
    head = "".join(f"{line}\n" for line in sorted(imports))
    return (head and head + "\n") + "\n\n".join([*classes, method]) + "\n"


def _python(name: str, body: _Body, parts: list[Part]) -> str:
    modules = [imports_and_rest(part.pair.python) for part in parts]
    if len(modules) == 2:
        mine, other = top_level(modules[1][1]), top_level(modules[0][1])
        twice = {word for word, code in mine.items() if other.get(word) == code}
        modules[1] = (modules[1][0], without(modules[1][1], twice))
    imports = sorted({line for found, _ in modules for line in found})
    lines = "\n".join(f"    {line}" for line in body.python)
    method = f"def {name}({', '.join(name for _, name in body.params)}):\n{lines}\n"
    rest = "\n\n".join(code for _, code in modules)
    return "".join(f"{line}\n" for line in imports) + ("\n\n" if imports else "") + f"{rest}\n\n{method}"
