"""The matrix of settings: it leaves no option out, and Terraform accepts every stack of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from stacks.export import plain
from stacks.schema import Settings
from stepwell.cloud.terraform import cli_environment
from tests.stacks.matrix import ROWS
from tests.synthesis import settings, stacks, synthesized

Used = dict[tuple[type[BaseModel], str], list[Any]]


def collect(value: Any, used: Used) -> None:
    """Note which values each field of each model has, wherever it stands."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            inner = getattr(value, name)
            used[type(value), name].append(list(inner) if isinstance(inner, tuple) else inner)
            collect(inner, used)
    elif isinstance(value, Mapping):
        for inner in value.values():
            collect(inner, used)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            collect(inner, used)


def test_the_matrix_leaves_no_option_out() -> None:
    """Each option is left to its default in some row and set in another; of each mode every value is used."""
    used: Used = defaultdict(list)
    for changes in ROWS.values():
        collect(settings(**changes), used)
    assert (Settings, "teams") in used
    missing = []
    for (model, name), values in used.items():
        field = model.model_fields[name]
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        default = list(default) if isinstance(default, tuple) else default
        if not field.is_required() and all(value == default for value in values):
            missing.append(f"{model.__name__}.{name} is never set")
        if not field.is_required() and default not in values:
            missing.append(f"{model.__name__}.{name} is never left to its default")
        if get_origin(field.annotation) is Literal:
            modes = [value for value in get_args(field.annotation) if isinstance(value, str)]
            missing += [f"{model.__name__}.{name} is never {mode!r}" for mode in modes if mode not in values]
    assert missing == []


def wrong() -> dict[str, Any]:
    """The stack of the defaults with an argument that no resource has."""
    document = plain(synthesized(settings()).document)
    (bucket,) = document["resource"]["aws_s3_bucket"].values()
    bucket["colour"] = "blue"
    return document


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What Terraform says of the stacks of each row, its foundations too, and of one that is wrong.

    The rows are modules of one configuration, since it takes longest to load the provider. Terraform
    has no way to Node or Python.
    """
    program = shutil.which("terraform")
    if program is None:
        pytest.fail("terraform is missing: install terraform >= 1.10")
    folder = tmp_path_factory.mktemp("terraform")
    (folder / "bin").mkdir()
    (folder / "bin/terraform").symlink_to(program)
    documents = {
        row: [plain(one.document) for one in stacks(settings(**changes)).values()]
        for row, changes in ROWS.items()
    } | {"wrong": [wrong()]}
    modules = {}
    for number, row in enumerate(documents):
        for index, document in enumerate(documents[row]):
            document["terraform"].pop("backend", None)  # a module has none, and imports nothing
            document.pop("import", None)
            name = f"row{number}-{index}"
            modules[name] = {"source": f"./{name}"}
            (folder / name).mkdir()
            (folder / name / "main.tf.json").write_text(json.dumps(document))
    (folder / "main.tf.json").write_text(json.dumps({"module": modules}))
    kept = {name: os.environ[name] for name in ("HOME", "TF_CLI_CONFIG_FILE") if name in os.environ}
    environ = {**kept, "CHECKPOINT_DISABLE": "1", "PATH": str(folder / "bin")}
    environ |= cli_environment(os.environ, folder)

    def terraform(*arguments: str) -> str:
        command = ["terraform", *arguments, "-no-color"]
        return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True).stdout

    terraform("init", "-input=false")
    said: dict[str, list[str]] = {row: [] for row in documents}
    report = json.loads(terraform("validate", "-json"))
    for one in report["diagnostics"]:
        number = int(re.findall(r"row(\d+)", json.dumps(one))[0])
        said[list(said)[number]].append(one["detail"])
    return said


@pytest.mark.xdist_group("terraform")
@pytest.mark.parametrize("row", ROWS)
def test_terraform_accepts_every_row(row: str, complaints: dict[str, list[str]]) -> None:
    """What is exported of a row is valid for Terraform alone, without Node and Python on its path."""
    assert complaints[row] == []


@pytest.mark.xdist_group("terraform")
def test_terraform_refuses_what_is_wrong(complaints: dict[str, list[str]]) -> None:
    """The check is a real one: of an argument that no resource has it complains."""
    assert complaints["wrong"] == ['No argument or block type is named "colour".']
