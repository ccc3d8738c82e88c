"""What a flow's source says, as hashes: of each step, and of the rest of the files that steps are in.

Hashes are taken of the syntax, so comments, blank lines and where things stand don't count.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from stepwell.execution.key import digest
from stepwell.flow.decorators.base import StepDecorator, all_of
from stepwell.flow.source import functions_in, syntax, text

Function = Callable[..., Any]


def of_steps(functions: dict[str, Function]) -> dict[str, dict[str, str]]:
    """For each step, by name, the hash of its function and that of its decorators."""
    trees = {file: functions_in(syntax(file)) for file in _files(functions)}
    return {
        name: {
            "the step": _of_node(trees[function.__code__.co_filename][_line(function)], function),
            "its decorators": digest(*map(_of_decorator, _that_count(function))),
        }
        for name, function in functions.items()
    }


def of_rest(functions: dict[str, Function], more: Iterable[str] = ()) -> dict[str, str]:
    """For each file that steps are in, and for `more` files, the hash of what is outside of the steps."""
    found: dict[str, str] = {}
    for file in sorted({*_files(functions), *more}):
        tree = ast.parse(text(file))  # a tree of its own, which may be cut
        nodes = functions_in(tree)
        lines = {_line(one) for one in functions.values() if one.__code__.co_filename == file}
        rest = ast.dump(_Without({nodes[line] for line in lines}).visit(tree))
        label = f"{Path(file).name} outside of its steps"
        found[label] = digest(found.get(label, ""), rest)  # two folders may have files of one name
    return found


def _files(functions: dict[str, Function]) -> set[str]:
    return {function.__code__.co_filename for function in functions.values()}


def _line(function: Function) -> int:
    return function.__code__.co_firstlineno


def _of_node(node: ast.FunctionDef, function: Function) -> str:
    """Without the decorators whose attributes are known: their values count, however they are written."""
    ours = {"step", *(decorator.name for decorator in all_of(function))}
    others = [one for one in node.decorator_list if _name(one) not in ours]
    body = [ast.dump(part) for part in (node.args, *node.body, *others)]
    return digest(*body)


def _name(decorator: ast.expr) -> str | None:
    """What a decorator is called, without its module and its arguments."""
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(named, ast.Attribute):
        return named.attr
    return named.id if isinstance(named, ast.Name) else None


def _that_count(function: Function) -> list[StepDecorator]:
    return [decorator for decorator in all_of(function) if not decorator.only_how]


def _of_decorator(decorator: StepDecorator) -> str:
    return json.dumps([decorator.name, decorator.attributes], sort_keys=True, default=_named)


def _named(value: Any) -> str:
    """What JSON does not have: functions and classes by their name, for their code counts elsewhere."""
    return f"{value.__module__}.{value.__qualname__}" if hasattr(value, "__qualname__") else repr(value)


class _Without(ast.NodeTransformer):
    """A tree without some of its functions."""

    def __init__(self, nodes: set[ast.FunctionDef]) -> None:
        self._nodes = nodes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        return None if node in self._nodes else self.generic_visit(node)
