"""From a flow's source to its steps: reads ``self.next(...)`` without running anything."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from stepwell.errors import FlowError
from stepwell.flow.graph import END, Key, Step
from stepwell.flow.parallel import MOST_NODES, is_number_of_nodes

_EXAMPLES = (
    "self.next(self.a), self.next(self.a, self.b), self.next(self.a, foreach='items'), "
    "self.next(self.a, num_parallel=4) or self.next({'x': self.a, 'y': self.b}, condition='name')"
)


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
            trees[code.co_filename] = functions_in(syntax(code.co_filename))
        node = trees[code.co_filename].get(code.co_firstlineno)
        if node is None:
            raise FlowError(
                f"{code.co_filename}:{code.co_firstlineno}: the source of step '{name}' can't be read; "
                "define the flow in a file, with `def`"
            )
        steps.append(_read_step(name, node, Path(code.co_filename).name))
    return steps


def text(filename: str) -> str:
    """A source file, as it was when it was first read here."""
    return "".join(linecache.getlines(filename))


def syntax(filename: str) -> ast.Module:
    """The syntax of a source file; not to be changed, for others read it too."""
    return _parsed(text(filename))


def functions_in(tree: ast.Module) -> dict[int, ast.FunctionDef]:
    """Function definitions by first line, that of the first decorator, as ``co_firstlineno`` counts."""
    return {
        min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]): node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


def imported(functions: dict[str, Callable[..., Any]]) -> set[str]:
    """The top-level names of all modules that the steps' files import, wherever in them."""
    found: set[str] = set()
    for filename in {function.__code__.co_filename for function in functions.values()}:
        for node in ast.walk(syntax(filename)):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    return found


@lru_cache(maxsize=8)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


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
    step = Step(name, "linear", takes_inputs=takes_inputs, doc=doc, where=where)
    return _Next(tail, me, name, f"{file}:{tail.lineno}").complete(step)


def _is_next(node: ast.AST, me: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "next"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == me
    )


class _Next:
    """A call of ``self.next``, as it is written."""

    def __init__(self, call: ast.Call, me: str, step: str, where: str) -> None:
        self._call, self._me, self._step, self._where = call, me, step, where

    def complete(self, step: Step) -> Step:
        """The step with what follows it."""
        foreach, condition, tolerate, num_parallel = self._texts()
        if num_parallel is not None and (foreach is not None or condition is not None):
            raise self._refuse("num_parallel is given alone: it is a foreach over the nodes of a gang")
        if tolerate is not None and foreach is None:
            raise self._refuse("tolerate goes with foreach: it is the share of items that may fail")
        if any(isinstance(argument, ast.Dict) for argument in self._call.args) or condition is not None:
            cases = self._cases(foreach, condition)
            following = tuple(dict.fromkeys(cases.values()))
            return step._replace(
                kind="switch", next=following, condition=condition, cases=tuple(cases.items())
            )
        names = tuple(self._name(argument) for argument in self._call.args)
        if not names:
            raise self._refuse("self.next names no step")
        if len(set(names)) < len(names):
            raise self._refuse("self.next names a step twice")
        if foreach is None and num_parallel is None:
            return step._replace(kind="branch" if len(names) > 1 else "linear", next=names)
        if len(names) > 1:
            raise self._refuse("a foreach leads to one step")
        return step._replace(
            kind="foreach", next=names, foreach=foreach, tolerate=tolerate or 0, num_parallel=num_parallel
        )

    def _texts(self) -> tuple[str | None, str | None, float | None, str | None]:
        """What is given as `foreach`, as `condition`, as `tolerate`, and as `num_parallel`."""
        found: dict[str, str] = {}
        tolerate = num_parallel = None
        for keyword in self._call.keywords:
            if keyword.arg == "tolerate":
                tolerate = self._share(keyword.value)
                continue
            if keyword.arg == "num_parallel":
                num_parallel = self._nodes(keyword.value)
                continue
            if keyword.arg not in ("foreach", "condition"):
                raise self._refuse(f"self.next takes no argument '{keyword.arg}'")
            if not (isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)):
                raise self._refuse(f"{keyword.arg} takes the name of an artifact, as text")
            found[keyword.arg] = keyword.value.value
        return found.get("foreach"), found.get("condition"), tolerate, num_parallel

    def _nodes(self, node: ast.expr) -> str:
        """The number of nodes as it is written; what is no number, but computed, is known in a run."""
        if isinstance(node, ast.Constant) and not is_number_of_nodes(node.value):
            raise self._refuse(f"num_parallel is a whole number from 1 to {MOST_NODES}")
        return ast.unparse(node)

    def _share(self, node: ast.expr) -> float:
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
            raise self._refuse("tolerate is a number from 0 to less than 1, written out, such as 0.01")
        return value

    def _cases(self, foreach: str | None, condition: str | None) -> dict[Key, str]:
        """Step by value, as Python compares values: 1, 1.0 and True are one key."""
        if condition is None:
            raise self._refuse("a dictionary of steps needs condition='...', the name of an artifact")
        if foreach is not None:
            raise self._refuse("condition and foreach exclude each other")
        if len(self._call.args) != 1 or not isinstance(self._call.args[0], ast.Dict):
            raise self._refuse("condition goes with one dictionary of steps, written out")
        cases: dict[Key, str] = {}
        written = self._call.args[0]
        for key, value in zip(written.keys, written.values, strict=True):
            if not (isinstance(key, ast.Constant) and isinstance(key.value, Key)):
                raise self._refuse("the keys of a switch are text, numbers, True or False, written out")
            if key.value in cases:
                raise self._refuse(f"the switch has the key {key.value!r} twice")
            cases[key.value] = self._name(value)
        if len(cases) < 2:
            raise self._refuse("a switch has at least two keys")
        return cases

    def _name(self, node: ast.expr) -> str:
        if not (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == self._me
        ):
            raise self._refuse("self.next takes steps of this flow, written out as self.NAME")
        return node.attr

    def _refuse(self, what: str) -> FlowError:
        return FlowError(
            f"{self._where}: step '{self._step}': {what}; received {ast.unparse(self._call)}; "
            f"allowed are {_EXAMPLES}"
        )
