"""What the policy is asked: the Java, the types, the form of the answer."""

from __future__ import annotations

from verirl.types import Message

_TEXT = """\
Translate this Java method into Python. The Python function must do exactly what the Java does on every input, overflow, \
rounding and exceptions included.

```java
{java}
```

Write a top-level function `{name}` that is called with positional arguments in the order of the Java method's parameters. \
Helper functions, classes and modules of the standard library are fine.

- int, long, short, byte: `int`; float, double: `float`; boolean: `bool`; char: a `str` of length one; String: `str`
- arrays and List: `list`; Set: `set`; Map: `dict`; null: `None`
- where the Java throws, raise any exception; where it changes an argument in place, change it in place

Answer with one ```python block."""

_SHORT = """\
Translate this Java method into a Python function `{name}`.

```java
{java}
```"""


def prompt(java: str, name: str, short: bool = False) -> list[Message]:
    """One message of the user's. `short`: without the rules."""
    return [{"role": "user", "content": (_SHORT if short else _TEXT).format(java=java.strip("\n"), name=name)}]


def answer(code: str) -> str:
    """A response that holds nothing but the code."""
    return f"```python\n{code.strip()}\n```"
