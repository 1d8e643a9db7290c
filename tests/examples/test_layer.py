"""The layer that `audit.yaml` names is the one that is looked into."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditkit.assembly import build_model
from auditkit.configuration import ModelSection, read_configuration
from auditkit.configured_code import Code
from auditkit.errors import ConfigurationError

FOLDER = Path(__file__).parents[2] / "examples" / "digits"


def section(**more: str) -> ModelSection:
    declared = {"factory": "digits.py:build", "task": "multiclass", "outputs": "logits"}
    classes = tuple(str(digit) for digit in range(10))
    return ModelSection(**declared, classes=classes, **more)


def test_the_layer_reaches_the_model() -> None:
    code = Code(FOLDER, allowed=True)
    assert build_model(section(), code)[0].layer == "input of 6"
    assert build_model(section(layer="2"), code)[0].layer == "2"
    with pytest.raises(ConfigurationError, match="has no layer 'conv'"):
        build_model(section(layer="conv"), code)


def test_stored_predictions_have_none(tmp_path: Path) -> None:
    path = tmp_path / "audit.yaml"
    path.write_text(
        "name: a model\nmodel: {predictions: {score: score}, task: binary, layer: '2'}\n"
        "data: {evaluation: {table: some.csv}, label: y}\n"
    )
    with pytest.raises(ConfigurationError, match="stored predictions have no layer: leave it out"):
        read_configuration(path)
