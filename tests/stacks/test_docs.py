"""The page of settings is whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from stacks import schema
from stacks.settings import load

PAGE = Path(__file__).parents[2] / "docs/settings.md"
MODELS = [
    model
    for model in vars(schema).values()
    if isinstance(model, type)
    and issubclass(model, BaseModel)
    and model.__module__.startswith(schema.__name__)
]


@pytest.mark.parametrize("model", MODELS)
def test_every_setting_is_explained(model: type[BaseModel]) -> None:
    """Each field of each model stands in the page."""
    text = PAGE.read_text()
    named = set(re.findall(r"[`.](\w+)(?=[`.])", text))
    assert model.model_fields.keys() <= named


def test_the_pages_example_is_valid(tmp_path: Path) -> None:
    """What the page shows can be used as it is."""
    (example,) = PAGE.read_text().split("```toml\n")[1:]
    file = tmp_path / "environments.toml"
    file.write_text(example.partition("```")[0])
    assert set(load(file).teams["growth"].environments) == {"dev"}
