"""The audit.yaml that `auditkit init` writes: what can be read off the files, and what cannot."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pandas.api.types import is_numeric_dtype

from auditkit.data import Columns, table
from auditkit.errors import DataError


def starter_configuration(
    model: str | None, data: str | None, label: str | None, folder: Path
) -> str:
    """The text of a commented audit.yaml.

    Args:
        model: the model's file; a placeholder where None.
        data: a table, whose columns are read; placeholders where None.
        label: the column of the true outcome; guessed to be the last where None.
        folder: where the audit.yaml will lie, to which paths in it are relative.

    Raises:
        DataError: the table cannot be read, or has no such column.
    """
    columns, texts = ([], []) if data is None else _columns(data)
    if label is not None and columns and label not in columns:
        raise DataError(
            f"{data} has no column {label!r}; it has {', '.join(columns)}.",
            mend="Name the column of the true outcome.",
        )
    chosen = label or (columns[-1] if columns else "label")
    features = [name for name in columns if name not in (chosen, *texts)]
    groups = [name for name in texts if name != chosen] or ["gender"]
    return _TEMPLATE.format(
        name=_quoted(Path(model).stem if model is not None else "my model"),
        model=_quoted("model.safetensors" if model is None else _from(folder, model)),
        table=_quoted("evaluation.csv" if data is None else _from(folder, data)),
        label=_quoted(chosen),
        features="".join(
            f"\n    - {_quoted(name)}" for name in features or ["feature_1", "feature_2"]
        ),
        left_out="".join(
            f"\n    # - {_quoted(name)}   # ← text: needs a preprocess" for name in texts
        ),
        group=_quoted(groups[0]),
        guess="  # ← the last column; is it the true outcome?" if columns and label is None else "",
    )


def _columns(data: str) -> tuple[list[str], list[str]]:
    """All columns, and those of them that hold no numbers, as far as the first rows show."""
    source = table(data, Columns(label=None))
    source.check()
    batch = next(source.batches(source.fragments()[0], 1024))
    assert batch.frame is not None  # a table always has one
    texts = [str(c) for c in batch.frame if not is_numeric_dtype(batch.frame[c])]
    return list(source.features), texts


def _from(folder: Path, place: str) -> str:
    """A path as it reads from a folder; a URL stays as it is."""
    if "://" in place:
        return place
    try:
        return Path(os.path.relpath(place, folder)).as_posix()
    except ValueError:  # another drive, on Windows
        return str(Path(place).resolve())


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
  # ← what the model is given, after the preprocess, and the ends of its numbers; inputs are made
  # worse and attacked within these:
  # inputs: {{medium: image, range: [0, 1]}}
  # members: [second.safetensors]      # ← the other members of an ensemble, built by the factory

data:
  evaluation:
    table: {table}
  # ← images: photos/test instead of table, or audio:; text: and series: see the README
  # training:                          # ← gives overfitting and drift, if you have it
  #   table: training.csv
  # outside:                           # ← inputs of another kind, which the model should notice
  #   table: outside.csv
  label: {label}{guess}
  # ← leave out ids and whatever the model does not read:
  features:{features}{left_out}
  # ← attributes of people whose treatment is to be compared, and the group to compare with:
  # groups:
  #   {group}: {{reference: "…"}}
  #   age: {{cuts: [25, 40, 60]}}        # numbers become groups by cuts
  # intersections: [[{group}, age]]    # ← groups within groups
  # ← what may rightly explain a difference; groups are also compared among those alike in it:
  # controls:
  #   experience: {{cuts: [2, 10]}}
  # ← a group of which only probabilities are known, and the column of each level:
  # proxy_groups:
  #   ethnicity: {{columns: {{"a": p_a, "b": p_b}}, reference: "a"}}
  # cluster: patient_id                # ← if several rows belong to one person or entity
  # row_id: id                         # ← finds rows that stand in the data twice
  # weight: survey_weight              # ← if a row stands for more people than one
  # previous: old_prediction           # ← the class that the last version predicted, to count flips
  # query: search_id                   # ← if rows are ranked in lists; top: 10 are shown of each
  # labelled: accepted applicants      # ← if the outcome is known of some alone: of whom

policy: baseline

# What is wanted of the model's confidence; these are the numbers where you say nothing:
# aims:
#   coverage: 0.9                      # ← share of prediction sets that should hold the truth
#   error: 0.05                        # ← most errors among the cases that are answered
#   epsilon: 0.03137                   # ← how far an attack may go, as a share of inputs.range
#   attacks: [fgsm, pgd]               # ← autoattack too, with auditkit-torch[autoattack]
#   review: 0                          # ← list so many rows whose label is doubtful, by row id

# How decisions are explained; these are the usual numbers:
# explain:
#   methods: [integrated_gradients, saliency, feature_ablation]
#   units: 128                         # ← of a random sample that are explained
#   tested: 32                         # ← of these on which the explanations are tested
#   samples: 0                         # ← show so many single decisions, with their inputs

# What ought not to matter to the model: put in and taken out, to see whose decision changes.
# nuisances:
#   - {{kind: column, column: hospital, value: "A"}}    # the README lists the kinds
"""
