"""From a flow's source to its steps: reads ``self.next(...)`` without running anything."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stepwell.errors import FlowError
from stepwell.flow.graph import END, Kind, Step

_EXAMPLES = "self.next(self.a), self.next(self.a, self.b) or self.next(self.a, foreach='items')"


def read_steps(functions: dict[str, Callable[..., Any]]) -> list[Step]:
    """The steps that a flow's ``@step`` functions declare, in their order.

    Raises:
        FlowError: a step's last statement is no ``self.next(...)`` that can be read.
    """
    trees: dict[str, dict[int, ast.FunctionDef]] = {}
    steps = []
    for name, function in functions.items():
        code = function.__code__
        if code.co_filename not in trees:
            trees[code.co_filename] = _functions(code.co_filename)
        node = trees[code.co_filename].get(code.co_firstlineno)
        if node is None:
            raise FlowError(
                f"{code.co_filename}:{code.co_firstlineno}: the source of step '{name}' can't be read; "
                "define the flow in a file, with `def`"
            )
        steps.append(_read_step(name, node, Path(code.co_filename).name))
    return steps


def _functions(filename: str) -> dict[int, ast.FunctionDef]:
    """Function definitions by first line, that of the first decorator, as ``co_firstlineno`` counts."""
    tree = ast.parse("".join(linecache.getlines(filename)))
    return {
        min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]): node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


def _read_step(name: str, node: ast.FunctionDef, file: str) -> Step:
    where = f"{file}:{node.lineno}"
    arguments = [argument.arg for argument in node.args.args]
    if not 1 <= len(arguments) <= 2:
        raise FlowError(
            f"{where}: step '{name}' takes {arguments}; "
            "a step takes `(self)`, and a join takes `(self, inputs)`"
        )
    me = arguments[0]
    calls = [call for call in ast.walk(node) if _is_next(call, me)]
    last = node.body[-1]
    tail = last.value if isinstance(last, ast.Expr) and _is_next(last.value, me) else None
    stray = [call for call in calls if call is not tail]
    if stray:
        raise FlowError(
            f"{file}:{stray[0].lineno}: step '{name}' calls self.next(...) before its end; "  # type: ignore[attr-defined]
            "it must be the last statement of the step, once and outside of any block"
        )
    doc = ast.get_docstring(node) or ""
    takes_inputs = len(arguments) == 2
    if tail is None:
        if name != END:
            raise FlowError(
                f"{where}: step '{name}' does not say which step follows; "
                f"its last statement must be one of {_EXAMPLES}"
            )
        return Step(name, "end", takes_inputs=takes_inputs, doc=doc, where=where)
    assert isinstance(tail, ast.Call)
    kind, following, foreach = _transition(tail, me, name, f"{file}:{tail.lineno}")
    return Step(name, kind, following, foreach, takes_inputs, doc, where)


def _is_next(node: ast.AST, me: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "next"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == me
    )


def _transition(call: ast.Call, me: str, step: str, where: str) -> tuple[Kind, tuple[str, ...], str | None]:
    def refuse(what: str) -> FlowError:
        received = ast.unparse(call)
        return FlowError(f"{where}: step '{step}': {what}; received {received}; allowed are {_EXAMPLES}")

    names = []
    for argument in call.args:
        if not (
            isinstance(argument, ast.Attribute)
            and isinstance(argument.value, ast.Name)
            and argument.value.id == me
        ):
            raise refuse("self.next takes steps of this flow, written out as self.NAME")
        names.append(argument.attr)
    if not names:
        raise refuse("self.next names no step")
    if len(set(names)) < len(names):
        raise refuse("self.next names a step twice")
    foreach: str | None = None
    for keyword in call.keywords:
        value = keyword.value
        if keyword.arg != "foreach":
            raise refuse(f"self.next takes no argument '{keyword.arg}'")
        if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
            raise refuse("foreach takes the name of an artifact, as text")
        foreach = value.value
    if foreach is not None:
        if len(names) > 1:
            raise refuse("a foreach leads to one step")
        return "foreach", tuple(names), foreach
    return ("branch" if len(names) > 1 else "linear"), tuple(names), None
