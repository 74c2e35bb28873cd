"""Symbolic expressions, as KiCad's files are written in: lists, words and quoted strings."""

import re
from collections.abc import Iterator
from typing import TypeAlias

Node: TypeAlias = "str | list[Node]"

_TOKEN = re.compile(r'\(|\)|"(?:[^"\\]|\\.)*"|[^\s()"]+')
_ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}


def read(text: str) -> list[Node]:
    """The one list that `text` holds; words and strings alike become str.

    Raises ValueError where brackets do not match or more than one list is there.
    """
    open_lists: list[list[Node]] = [[]]
    for token in _TOKEN.findall(text):
        if token == "(":
            open_lists.append([])
        elif token == ")":
            if len(open_lists) == 1:
                raise ValueError("a closing bracket without an opening one")
            done = open_lists.pop()
            open_lists[-1].append(done)
        elif token.startswith('"'):
            open_lists[-1].append(re.sub(r"\\(.)", lambda m: _ESCAPED.get(m[1], m[1]), token[1:-1]))
        else:
            open_lists[-1].append(token)
    if len(open_lists) != 1 or len(open_lists[0]) != 1 or isinstance(open_lists[0][0], str):
        raise ValueError("not exactly one list")
    return open_lists[0][0]


def quoted(text: str) -> str:
    """`text` as a quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def children(node: list[Node], name: str) -> Iterator[list[Node]]:
    """The lists directly in `node` whose first word is `name`."""
    for child in node:
        if isinstance(child, list) and child and child[0] == name:
            yield child


def child(node: list[Node], name: str) -> list[Node]:
    """The first list in `node` called `name`. Raises KeyError where there is none."""
    for found in children(node, name):
        return found
    raise KeyError(name)


def word(node: list[Node], place: int) -> str:
    """The word at `place` of `node`. Raises ValueError where a list stands there."""
    found = node[place]
    if isinstance(found, list):
        raise ValueError(f"a word was expected, not ({found[0]} ...)")
    return found


def numbers(node: list[Node]) -> list[float]:
    """The numbers after the first word of `node`."""
    return [float(word(node, place)) for place in range(1, len(node))]
