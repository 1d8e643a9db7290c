"""Leakage from a model and its data to a verdict: other media, and what a policy makes of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import auditkit
from auditkit.data import dataset
from auditkit.data.media import text
from auditkit.models import wrap
from auditkit.policy import VerdictStatus
from tests.checks.audits import value
from tests.checks.leakage.test_check import (
    CLEAN,
    FEATURES,
    MODEL,
    TRAINING,
    copied,
    data_of,
    findings,
)
from tests.policy.cases import BOUND, changed, policy

_SAID = "the bank refused a loan for red cars and green boats near old harbour towns in may"
_WORDS = _SAID.split()


def _requirement(metric: str, **region: object) -> dict[str, object]:
    return changed(BOUND, id=metric.replace("_", "-"), metric=f"leakage.{metric}", at_least=None,
                   **region)  # fmt: skip


POLICY = policy(
    _requirement("exact_duplicates", at_most=0),
    _requirement("excess_duplicates", at_most=0.05),
    _requirement("near_duplicates", at_most=0),
    _requirement("accuracy_inflation", between=(-0.02, 0.02)),
    _requirement("lone_feature", at_most=0.99),
)


def test_a_policy_passes_the_clean_split_and_names_what_leaked() -> None:
    """Every bound passes on a clean split: a gate that never does is of no use."""
    leaked = copied(CLEAN, TRAINING, slice(0, 250))
    leaked.loc[:249, "score"] = np.where(leaked.loc[:249, "y"] == 1, 0.95, 0.05)
    found = []
    for frame in (CLEAN, leaked):
        run = auditkit.audit(MODEL, data_of(frame), policy=POLICY, checks=("leakage",), quiet=True)
        assert run.judgement is not None
        statuses: dict[str, set[VerdictStatus]] = {}
        for one in run.judgement.verdicts:
            statuses.setdefault(one.requirement, set()).add(one.status)
        found.append(statuses)
    clean, planted = found
    assert set(clean) == set(planted) == {one.id for one in POLICY.requirements}
    assert all(statuses == {VerdictStatus.PASS} for statuses in clean.values()), clean
    failed = {name for name, statuses in planted.items() if statuses == {VerdictStatus.FAIL}}
    assert failed == {"exact-duplicates", "excess-duplicates", "accuracy-inflation"}
    assert planted["lone-feature"] == {VerdictStatus.PASS}


def _sentences(n: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(_WORDS, 14)) + f" number {rng.integers(10**6)}" for _ in range(n)]


def _encode(texts: list[str]) -> dict[str, list[list[int]]]:
    return {"input_ids": [[ord(sign) % 97 for sign in one[:20]] for one in texts]}


class _Counts(nn.Module):
    def forward(self, input_ids: torch.Tensor, **_: torch.Tensor) -> torch.Tensor:
        return input_ids.float().mean(dim=1, keepdim=True) - 40


def test_texts_that_differ_in_case_and_blanks_are_near_copies() -> None:
    training, evaluation = _sentences(300, 0), _sentences(200, 1)
    evaluation[:10] = training[:10]
    evaluation[10:20] = [one.upper().replace(" ", "  ") for one in training[10:20]]
    sides = [
        text(pd.DataFrame({"body": body, "y": np.arange(len(body)) % 2}), column="body",
             tokenizer=_encode, length=20)
        for body in (evaluation, training)
    ]  # fmt: skip
    model = wrap(
        _Counts(), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu"
    )
    result = findings(model, dataset(sides[0], training=sides[1], label="y"))
    assert value(result, "leakage.exact_duplicates") == 0.05
    assert value(result, "leakage.near_duplicates") == pytest.approx(0.05, abs=0.005)


def test_one_changed_cell_makes_a_near_copy() -> None:
    leaked = copied(CLEAN, TRAINING, slice(0, 50))
    for place in range(50):
        name = FEATURES[place % len(FEATURES)]
        leaked.loc[place, name] = "other" if name in ("town", "job") else 9.0 + place
    result = findings(MODEL, data_of(leaked))
    assert value(result, "leakage.exact_duplicates") == 0
    assert value(result, "leakage.near_duplicates") == pytest.approx(0.05, abs=0.001)
