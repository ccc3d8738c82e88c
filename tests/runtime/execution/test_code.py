"""The code of a flow as hashes: what is edited changes the code of the right steps, and of no others."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from stepwell.errors import UsageError
from stepwell.execution import code, files
from stepwell.execution.code import code_of
from stepwell.execution.reuse import Code, differences
from stepwell.flow.decorators.attach import attach
from stepwell.flow.spec import FlowSpec

FLOW = '''
from stepwell import Config, FlowSpec, no_reuse, resources, retry, step, timeout, user_step_decorator
from stepwell.flow.decorators.environment import environment
from base import Base

@user_step_decorator
def timed(step_name, flow, inputs=None, attributes=None):
    yield

def mark(number):
    return lambda function: function

def made(number):
    @step
    def function(self):
        self.made = number
        self.next(self.end)
    return function

RATE = 2

class Made(Base):
    size = 10
    cfg = Config("cfg", default="cfg.toml")

    @environment(vars={"A": "1"})
    @retry(times=1)
    @step
    def start(self):
        """Begins."""
        self.x = self.double(RATE)
        self.next(self.a)

    @timed(unit="s")
    @mark(1)
    @step
    def a(self):
        # a remark
        self.y = 1

        self.next(self.inherited)

    last = made(3)

    @step
    def end(self): pass

    def double(self, x):
        return 2 * x
'''
BASE = """
from stepwell import FlowSpec, step

LIMIT = 1

class Base(FlowSpec):
    @step
    def inherited(self):
        self.z = LIMIT
        self.next(self.last)

    def helper(self): pass
"""
START, A, INHERITED, LAST, END = STEPS = ("start", "a", "inherited", "last", "end")


def write(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "made.py").write_text(FLOW)
    (folder / "base.py").write_text(BASE)
    (folder / "util.py").write_text("X = 1\n")
    (folder / "cfg.toml").write_text("a = 1\n")
    return folder


def load(folder: Path, monkeypatch: pytest.MonkeyPatch) -> type[FlowSpec]:
    """The flow in a folder, from modules that no other folder's flow has anything to do with."""
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.chdir(folder)
    monkeypatch.delitem(sys.modules, "base", raising=False)
    spec = spec_from_file_location("made", folder / "made.py")
    assert spec and spec.loader
    monkeypatch.setitem(sys.modules, "made", module := module_from_spec(spec))
    spec.loader.exec_module(module)
    flow_class: type[FlowSpec] = module.Made
    flow_class.graph()
    return flow_class


def code_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Code:
    with monkeypatch.context() as patch:
        return code_of(load(folder, patch))


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))

    return change


def add(file: str, text: str = "Y = 1\n") -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / file).parent.mkdir(exist_ok=True, parents=True)
        (folder / file).write_text(text)

    return change


@pytest.mark.parametrize(
    ("change", "steps", "why"),
    [
        (edit("made.py", "# a remark", "# another\n\n"), (), ""),
        (edit("made.py", "self.y = 1\n\n", "self.y = (1)\n"), (), ""),
        (edit("made.py", "self.y = 1", "self.y = 2"), [A], "the step changed"),
        (edit("made.py", '"""Begins."""', '"""Starts."""'), [START], "the step changed"),
        (edit("made.py", "self.next(self.end)", "self.next(self.end,)"), (), ""),
        (edit("made.py", "self.made = number", "self.made = -number"), [LAST], "the step changed"),
        (edit("made.py", "mark(1)", "mark(2)"), [A], "the step changed"),
        (edit("made.py", '{"A": "1"}', '{"A": "2"}'), [START], "its decorators changed"),
        (edit("made.py", '"A": "1"', '**{"A": "1"}'), (), ""),
        (edit("made.py", '(unit="s")', '(unit="h")'), [A], "its decorators changed"),
        (edit("made.py", '@timed(unit="s")', ""), [A], "its decorators changed"),
        (edit("made.py", "times=1", "times=2"), (), ""),
        (edit("made.py", "    @mark", "    @no_reuse\n    @timeout(minutes=1)\n    @mark"), (), ""),
        (edit("made.py", "    @mark", "    @resources(memory=512)\n    @mark"), (), ""),
        (edit("made.py", "RATE = 2", "RATE = 3"), STEPS, "made.py outside of its steps changed"),
        (edit("made.py", "size = 10", "size = 11"), STEPS, "made.py outside of its steps changed"),
        (edit("made.py", "made(3)", "made(4)"), STEPS, "made.py outside of its steps changed"),
        (edit("made.py", "return 2 * x", "return 3 * x"), STEPS, "made.py outside of its steps changed"),
        (edit("made.py", "    yield", "    yield 1"), STEPS, "made.py outside of its steps changed"),
        (edit("base.py", "self.z = LIMIT", "self.z = 0"), [INHERITED], "the step changed"),
        (edit("base.py", "LIMIT = 1", "LIMIT = 2"), STEPS, "base.py outside of its steps changed"),
        (edit("util.py", "X = 1", "X = 2"), STEPS, "file util.py changed"),
        (edit("cfg.toml", "1", "2"), STEPS, "file cfg.toml changed, config cfg changed"),
        (add("new/part.sql"), STEPS, "file new/part.sql is new"),
        (lambda folder: (folder / "util.py").unlink(), STEPS, "file util.py is gone"),
        (add("README.md"), (), ""),
        (add(".hidden.py"), (), ""),
        (add("store/.staging/x"), (), ""),
    ],
)  # fmt: skip
def test_an_edit_changes_the_code_of_its_steps(
    change: Callable[[Path], None],
    steps: list[str],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is edited counts for the steps that it may matter to, and is named."""
    before = code_in(write(tmp_path / "before"), monkeypatch)
    folder = write(tmp_path / "after")
    change(folder)
    after = code_in(folder, monkeypatch)
    changed = {step: differences(before.of(step), after.of(step)) for step in STEPS}
    assert changed == {step: why if step in steps else "" for step in STEPS}


def test_a_step_that_comes_between_changes_only_those_that_lead_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new step, and the place of steps in the file, don't matter to the steps that are as they were."""
    before = code_in(write(tmp_path / "before"), monkeypatch)
    folder = write(tmp_path / "after")
    end = "    @step\n    def end(self): pass\n"
    between = "    @step\n    def between(self): self.next(self.last)\n"
    edit("made.py", end, "")(folder)
    edit("made.py", "    size = 10\n", f"    size = 10\n\n{end}\n{between}\n")(folder)
    edit("base.py", "self.next(self.last)", "self.next(self.between)")(folder)
    after = code_in(folder, monkeypatch)
    assert [step for step in STEPS if differences(before.of(step), after.of(step))] == [INHERITED]


def test_a_folder_with_a_store_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a datastore in the flow's folder holds is no code, and what a step writes beside the flow is."""
    folder = write(tmp_path / "flow")
    before = code_in(folder, monkeypatch)
    add("store/.staging/x")(folder)
    add("store/ns/user/ada/run.json")(folder)
    assert code_in(folder, monkeypatch) == before
    add("result.json")(folder)
    assert differences(before.of("a"), code_in(folder, monkeypatch).of("a")) == "file result.json is new"


def test_modules_from_elsewhere_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that a flow imports from outside its folder counts, unless it is installed."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "stepwell_elsewhere.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    folder = write(tmp_path / "flow")
    edit("made.py", "from base import Base", "from base import Base\nimport click, stepwell_elsewhere")(
        folder
    )
    before = code_in(folder, monkeypatch)
    (tmp_path / "lib" / "stepwell_elsewhere.py").write_text("X = 2\n")
    after = code_in(folder, monkeypatch)
    assert differences(before.of("a"), after.of("a")) == "module stepwell_elsewhere changed"
    assert not [name for name in after.shared if "click" in name]


def test_attached_decorators_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--with environment:...`` is a decorator as any other; ``--with retry`` says only how."""
    folder = write(tmp_path / "flow")
    flow_class = load(folder, monkeypatch)
    before = code_of(flow_class)
    attach(flow_class, "retry:times=2")
    assert code_of(flow_class) == before
    attach(flow_class, "catch:var=error")
    assert differences(before.of("a"), code_of(flow_class).of("a")) == "its decorators changed"


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with more files than a limit is refused in one line: it is not the folder of a flow."""
    folder = write(tmp_path / "flow")
    monkeypatch.setattr(files, "MAX_FILES", 3)
    with pytest.raises(UsageError, match="more than 3 files of code; a flow's code is all of its folder: mo"):
        code_in(folder, monkeypatch)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the code that can't be read, such as one that has just gone, is one line that names it."""
    folder = write(tmp_path / "flow")
    monkeypatch.setattr(code, "code_files", lambda flow_file, suffixes: [folder / "gone.py"])
    with pytest.raises(UsageError, match=r"gone.py: can't be read \(No such file or .*\), and is a part of"):
        code_in(folder, monkeypatch)
