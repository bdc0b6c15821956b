"""Which methods are near-duplicates of each other, and splits that no pair of near-duplicates crosses.

    shape(java) -> Shape                    the subtrees of the source, names and literals left out
    likeness(one, other) -> float           in [0, 1]: Jaccard over those subtrees
    near_duplicates(entries) -> pairs       of NEAR or more
    splits(entries, seed) -> {name: split}

Two sources that differ in names, constants, comments or layout have likeness 1: what stays of a name is that it is one, and
of a literal its kind. That holds for the library's names too, so that `a.add(b)` and `a.remove(b)` are alike; operators,
keywords and primitive types count.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from tree_sitter import Node

from verirl.types import SPLITS, Split
from verirl_tasks.java2py.java import parse, text, walk

NEAR = 0.5  # likeness from which on two methods count as near-duplicates
DEPTH = 3  # levels of a subtree that are looked at: a change is seen by what lies that far above it, not by all
LEAST = 4  # nodes of a subtree that counts; smaller ones are in every program
SHARES: Mapping[Split, float] = {"train": 0.6, "validation": 0.15, "test": 0.25}
ENOUGH = 3  # groups of near-duplicates that a tag or a level needs for each split to have some of them

Shape = Counter[int]  # hash of a subtree, down to DEPTH: how often it occurs

_LITERALS = {
    "decimal_integer_literal": "int",
    "hex_integer_literal": "int",
    "octal_integer_literal": "int",
    "binary_integer_literal": "int",
    "decimal_floating_point_literal": "float",
    "hex_floating_point_literal": "float",
    "string_literal": "string",
    "character_literal": "char",
}
_COMMENTS = ("line_comment", "block_comment")
_IGNORED = (*_COMMENTS, "import_declaration", "package_declaration", "modifiers", "(", ")", "{", "}", ";", ",")
_NAMES = ("identifier", "type_identifier")


class Program(Protocol):
    """What is compared and split: the corpus's entries, for instance."""

    @property
    def name(self) -> str: ...
    @property
    def java(self) -> str: ...
    @property
    def level(self) -> int: ...
    @property
    def tags(self) -> tuple[str, ...]: ...


@lru_cache(maxsize=1024)
def shape(java: str) -> Shape:
    """The subtrees of at least LEAST nodes, cut at DEPTH, by hash. It is shared: do not change it."""
    root = parse(java).tree.root_node
    found: Shape = Counter()
    for node in _bodies(root):
        _tops(node, found)
    return found


def likeness(one: Shape, other: Shape) -> float:
    """The subtrees that both have, as a share of those that either has; how often counts."""
    either = (one | other).total()
    return (one & other).total() / either if either else 1.0


def near_duplicates(entries: Sequence[Program], least: float = NEAR) -> list[tuple[str, str, float]]:
    """Pairs of names with their likeness, the most alike first."""
    shapes = [(entry.name, shape(entry.java)) for entry in entries]
    sizes = [found.total() for _, found in shapes]
    pairs = []
    for i, (name, found) in enumerate(shapes):
        for j in range(i):
            if min(sizes[i], sizes[j]) < least * max(sizes[i], sizes[j]):
                continue  # the smaller one's share of the larger bounds the likeness
            alike = likeness(found, shapes[j][1])
            if alike >= least:
                pairs.append((shapes[j][0], name, alike))
    return sorted(pairs, key=lambda pair: (-pair[2], pair[:2]))


def splits(entries: Sequence[Program], seed: int = 0) -> dict[str, Split]:
    """A split for each entry, by its name: near-duplicates (and theirs in turn) stay together, and every tag and level with
    ENOUGH groups is in every split. The order of the entries does not matter."""
    groups = _groups(sorted(entries, key=lambda entry: entry.name))
    random.Random(f"splits/{seed}").shuffle(groups)
    labels = [{label for entry in group for label in _labels(entry)} for group in groups]
    frequency = Counter(label for found in labels for label in found)
    chosen: dict[int, Split] = {}

    def size(split: Split) -> int:
        return sum(len(groups[index]) for index, found in chosen.items() if found == split)

    # The rarest labels first, while there is a choice left for them.
    for label, count in sorted(frequency.items(), key=lambda item: (item[1], item[0])):
        if count < ENOUGH:
            continue
        for split in ("test", "validation", "train"):
            if any(label in labels[index] for index, found in chosen.items() if found == split):
                continue
            free = [index for index, found in enumerate(labels) if label in found and index not in chosen]
            if free:  # the smallest group: a large one would fill a small split
                chosen[min(free, key=lambda index: len(groups[index]))] = split
    total = sum(map(len, groups))
    for index in range(len(groups)):
        if index not in chosen:
            chosen[index] = min(SPLITS, key=lambda split: size(split) / (SHARES[split] * total))
    return {entry.name: chosen[index] for index, group in enumerate(groups) for entry in group}


def _bodies(root: Node) -> Iterator[Node]:
    """The members of the classes: that they stand in a class is no likeness."""
    for node in walk(root):
        if node.type in ("class_body", "interface_body", "enum_body_declarations"):
            yield from (child for child in node.named_children if child.type not in ("class_declaration", *_COMMENTS))
        elif node.type in ("record_declaration", "enum_declaration"):
            yield node


def _tops(node: Node, found: Shape) -> list[str]:
    """A subtree as text, down to depth 0, 1, ... DEPTH; the last is added to `found`, and so is what is below."""
    children = [child for child in node.children if child.type not in _IGNORED]
    if node.type in _LITERALS or not children:
        return [_leaf(node)] * (DEPTH + 1)
    below = [_tops(child, found) for child in children]
    tops = [node.type]
    tops += [f"({node.type} {' '.join(child[depth] for child in below)})" for depth in range(DEPTH)]
    if tops[-1].count(" ") >= LEAST - 1:
        found[_digest(tops[-1])] += 1
    return tops


def _leaf(node: Node) -> str:
    if node.type in _LITERALS:
        return f"<{_LITERALS[node.type]}>"
    return "<name>" if node.type in _NAMES else f"{node.type} {text(node)}"


def _digest(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _groups(entries: Sequence[Program]) -> list[list[Program]]:
    """Entries that near-duplicates hold together, in the order of their first."""
    leader = {entry.name: entry.name for entry in entries}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for one, other, _ in near_duplicates(entries):
        first, second = sorted((find(one), find(other)))
        leader[second] = first
    groups: defaultdict[str, list[Program]] = defaultdict(list)
    for entry in entries:
        groups[find(entry.name)].append(entry)
    return list(groups.values())


def _labels(entry: Program) -> Iterable[str]:
    return [f"level {entry.level}", *entry.tags]
