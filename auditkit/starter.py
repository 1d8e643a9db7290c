"""The audit.yaml that `auditkit init` writes: what can be read off the files, and what cannot."""

from __future__ import annotations

import json
from pathlib import Path

from auditkit.data import Columns, table
from auditkit.errors import DataError


def starter_configuration(model: Path | None, data: Path | None, label: str | None) -> str:
    """The text of a commented audit.yaml.

    Args:
        model: the model's file; a placeholder where None.
        data: a table, whose columns are read; placeholders where None.
        label: the column of the true outcome; guessed to be the last where None.

    Raises:
        DataError: the table cannot be read, or has no such column.
    """
    columns = [] if data is None else _column_names(data)
    if label is not None and columns and label not in columns:
        raise DataError(
            f"{data} has no column {label!r}; it has {', '.join(columns)}.",
            mend="Name the column of the true outcome.",
        )
    chosen = label or (columns[-1] if columns else "label")
    features = [name for name in columns if name != chosen] or ["feature_1", "feature_2"]
    return _TEMPLATE.format(
        name=_quoted(model.stem if model is not None else "my model"),
        model=_quoted(str(model) if model is not None else "model.safetensors"),
        table=_quoted(str(data) if data is not None else "evaluation.csv"),
        label=_quoted(chosen),
        features="".join(f"\n    - {_quoted(name)}" for name in features),
        group=_quoted(features[0]),
        guess="  # ← the last column; is it the true outcome?" if columns and label is None else "",
    )


def _column_names(data: Path) -> list[str]:
    source = table(str(data), Columns(label=None))
    source.check()
    return list(source.features)


def _quoted(text: str) -> str:
    """A YAML string: JSON's is one."""
    return json.dumps(text, ensure_ascii=False)


_TEMPLATE = """\
# What `auditkit audit audit.yaml` audits. Lines marked with ← need your word.
name: {name}

# The code named below (factory, preprocess) runs only if this is true.
allow_code: false

model:
  file: {model}
  # ← a state dict or safetensors file needs the function that builds the module:
  # factory: model.py:build            # and allow_code: true
  # ← how rows become tensors, if the columns are not numbers already:
  # preprocess: preprocess.py:encode   # and allow_code: true
  task: binary                         # ← binary, multiclass, multilabel, regression or custom
  classes: ["0", "1"]                  # ← as the label column names them: negative, positive
  outputs: logits                      # ← logits, probabilities or values
  decision:
    threshold: 0.5                     # ← on the scale of the probability
    favourable: "1"                    # ← the outcome that is good for the person concerned

data:
  evaluation:
    table: {table}
  # training:                          # ← gives overfitting and drift, if you have it
  #   table: training.csv
  label: {label}{guess}
  features:{features}
  # ← attributes of people whose treatment is to be compared, and the group to compare with:
  # groups:
  #   {group}: {{reference: "…"}}
  # cluster: patient_id                # ← if several rows belong to one person or entity

policy: baseline
"""
