"""A realistic record for the tests of the store, the reports and the dashboard.

It is shaped like an audit of the census example: every verdict status, every status of a
measurement, every kind of figure, and labels that try to break whatever shows them.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from auditkit.policy.verdict import ExitCode, Judgement, Verdict, VerdictStatus
from auditkit.records.record import AuditRecord
from tests.sample_advice import sample_advice
from tests.sample_figures import sample_figures
from tests.sample_measurements import (
    ACCURACY,
    HOSTILE,
    HOSTILE_MARKDOWN,
    MEASUREMENTS,
    OVERFITTING,
    RATIO_GENDER,
    RATIO_STRANGE,
    SQUARED_ERROR,
    TPR_DIFFERENCE,
)

__all__ = [
    "HOSTILE",
    "HOSTILE_MARKDOWN",
    "passing_judgement",
    "sample_advice",
    "sample_definitions",
    "sample_figures",
    "sample_judgement",
    "sample_record",
    "sample_verdicts",
]


def sample_verdicts() -> tuple[Verdict, ...]:
    """One verdict of each status, one that only warns, and one without a region."""
    return (
        Verdict(
            "accuracy-floor",
            VerdictStatus.PASS,
            "block",
            False,
            "performance.accuracy · on evaluation",
            "Accuracy must be at least 0.75. It is 0.820 (90 % interval 0.816 to 0.823, "
            "n = 32,561), wholly inside the region.",
            ACCURACY,
            (0.75, math.inf),
            ACCURACY.interval,
            0.05,
            1.0,
            1.0,
            title="Accuracy is high enough to be of use",
            basis="organisation",
            explanation="A model that is wrong too often helps nobody.",
        ),
        Verdict(
            "four-fifths",
            VerdictStatus.FAIL,
            "block",
            True,
            str(RATIO_GENDER.key),
            "The ratio of selection rates must lie between 0.80 and 1.25. For gender=Female "
            "against gender=Male it is 0.222 (90 % interval 0.210 to 0.236, n = 32,561), wholly "
            "outside the region.",
            RATIO_GENDER,
            (0.8, 1.25),
            RATIO_GENDER.interval,
            0.05,
            1e-12,
            3e-12,
            title="Groups are selected at similar rates",
            clause="29 CFR 1607.4 D",
            basis="convention",
            explanation="A group selected at less than four fifths of the rate of another is "
            "commonly taken as a sign of adverse impact.",
        ),
        Verdict(
            "four-fifths",
            VerdictStatus.INCONCLUSIVE,
            "block",
            True,
            str(RATIO_STRANGE.key),
            "The ratio of selection rates must lie between 0.80 and 1.25. For ethnicity="
            f"{HOSTILE} it is 0.780, and its interval reaches over the border. About 4,100 units "
            "in all would decide.",
            RATIO_STRANGE,
            (0.8, 1.25),
            RATIO_STRANGE.interval,
            0.05,
            0.41,
            0.82,
            4100,
            title="Groups are selected at similar rates",
            clause="29 CFR 1607.4 D",
            basis="convention",
        ),
        Verdict(
            "generalises",
            VerdictStatus.MISSING,
            "block",
            True,
            str(OVERFITTING.key),
            f"The accuracy gap must be at most 0.05, but was not measured: {OVERFITTING.reason}",
            OVERFITTING,
            (-math.inf, 0.05),
            title="The model does not overfit",
            basis="organisation",
        ),
        Verdict(
            "equal-opportunity",
            VerdictStatus.WAIVED,
            "block",
            False,
            str(TPR_DIFFERENCE.key),
            "The difference must lie between -0.10 and 0.10. It is -0.131; waiver W-7 tolerates "
            "-0.15 until 2027-01-31.",
            TPR_DIFFERENCE,
            (-0.1, 0.1),
            TPR_DIFFERENCE.interval,
            0.05,
            0.004,
            0.012,
            title="Qualified people are found equally often",
            basis="guidance",
            waiver="W-7",
        ),
        Verdict(
            "calibrated",
            VerdictStatus.FAIL,
            "warn",
            False,
            str(SQUARED_ERROR.key),
            "The squared calibration error must be at most 0.0025. It is 0.0031 (90 % interval "
            "0.0028 to 0.0034, n = 32,561).",
            SQUARED_ERROR,
            (-math.inf, 0.0025),
            SQUARED_ERROR.interval,
            0.05,
            0.001,
            0.001,
            title="Scores mean what they say",
            basis="convention",
        ),
        Verdict(
            "rates-reported",
            VerdictStatus.PASS,
            "block",
            False,
            "bias.selection_rate · gender=Female · on evaluation",
            "The selection rate is reported: 0.080 for gender=Female.",
            MEASUREMENTS[4],
            title="Selection rates are reported",
            clause="NYC Local Law 144, § 5-301",
            basis="law",
        ),
    )


def sample_judgement(**changes: Any) -> Judgement:
    """The judgement of `sample_verdicts`: fails."""
    judgement = Judgement(
        policy="baseline",
        policy_digest="sha256:" + "bb" * 32,
        outcome=VerdictStatus.FAIL,
        exit_code=ExitCode.FAILED,
        look=2,
        exploratory=True,
        small_groups=(
            "ethnicity=Other holds 0.8 % of the rows (271), under the minimum share of 2 %: "
            "listed, not judged.",
        ),
        verdicts=sample_verdicts(),
    )
    return dataclasses.replace(judgement, **changes)


def passing_judgement() -> Judgement:
    """A judgement in which nothing blocks."""
    verdicts = tuple(v for v in sample_verdicts() if v.status is VerdictStatus.PASS)
    return sample_judgement(
        outcome=VerdictStatus.PASS,
        exit_code=ExitCode.NOTHING_BLOCKS,
        look=1,
        exploratory=False,
        small_groups=(),
        verdicts=verdicts,
    )


_TITLES = {
    "performance.accuracy": ("Accuracy", "share", "higher is better"),
    "performance.units": ("Units", "count", "neither end is better"),
    "performance.auc": ("Area under the ROC curve", "share", "higher is better"),
    "bias.selection_rate": ("Selection rate", "share", "neither end is better"),
    "bias.true_positive_rate": ("True positive rate", "share", "higher is better"),
    "bias.impact_ratio": ("Impact ratio", "ratio", "best at one"),
    "bias.true_positive_rate_difference": (
        "Difference of true positive rates",
        "share",
        "best at zero",
    ),
    "calibration.squared_error": ("Squared calibration error", "squared share", "lower is better"),
    "calibration.confidence_gap": ("Confidence gap", "share", "best at zero"),
    "explanation.mean_attribution": ("Mean attribution", "logit", "neither end is better"),
    "explanation.completeness_gap": ("Completeness gap", "share", "lower is better"),
    "overfitting.accuracy_gap": ("Accuracy gap", "share", "lower is better"),
}


def sample_definitions() -> dict[str, dict[str, Any]]:
    """The definitions of the metrics above, as the catalogue would embed them."""
    return {
        name: {
            "id": name,
            "title": title,
            "definition": f"{title}, as auditkit defines it.",
            "unit": unit,
            "direction": direction,
            "low": None,
            "high": None,
            "source": "Made up for a test.",
            "comparison": name.endswith(("_ratio", "_difference")),
            "gateable": True,
        }
        for name, (title, unit, direction) in _TITLES.items()
    }


def sample_record(**changes: Any) -> AuditRecord:
    """A whole record that fails its policy; keyword arguments replace fields of `AuditRecord`."""
    record = AuditRecord(
        id="20261122-101530-3f9ac2",
        created="2026-11-22T10:15:30+00:00",
        name="Income classifier",
        version="0.1.0",
        digests={
            "model": "sha256:" + "0a" * 32,
            "data": "sha256:" + "1b" * 32,
            "policy": "sha256:" + "bb" * 32,
            "configuration": "sha256:" + "2c" * 32,
            "code": "sha256:" + "3d" * 32,
        },
        model={
            "name": "adult.pth",
            "kind": "nn.Module",
            "path_taken": "legacy pickle of plain torch layers, opted in by the user",
            "parameters": 10101,
            "device": "cpu",
            "heads": [
                {
                    "name": "",
                    "task": "binary",
                    "outputs": "probabilities",
                    "classes": ["<=50K", ">50K"],
                    "decision": {"rule": "threshold", "threshold": 0.5, "favourable": ">50K"},
                }
            ],
            "capabilities": {"differentiable": True, "copyable": True},
        },
        data={
            "splits": {
                "evaluation": {"name": "adult.csv", "rows": 32561, "digest": "sha256:" + "1b" * 32}
            },
            "groups": {
                "gender": {"levels": {"Male": 21790, "Female": 10771}, "reference": "Male"},
                "ethnicity": {
                    "levels": {"White": 27816, "Amer-Indian-Eskimo": 311, HOSTILE: 271},
                    "reference": "White",
                },
            },
            "cluster": None,
            "row_id": None,
            "time": None,
        },
        settings={
            "seed": 0,
            "device": "cpu",
            "batch_size": 4096,
            "limit": None,
            "engine": "local",
            "allow_code": True,
        },
        environment={
            "python": "3.11.7",
            "platform": "Linux-6.1-x86_64",
            "torch": "2.13.0+cpu",
            "numpy": "2.4.6",
        },
        definitions=sample_definitions(),
        measurements=MEASUREMENTS,
        figures=sample_figures(),
        judgement=sample_judgement(),
        advice=sample_advice(),
        policy_text="id: baseline\nrequirements:\n  - id: four-fifths  # <b>bold</b>\n",
        not_tested=(
            "Overfitting was not tested: which rows this network was trained on is unknown.",
            f"Groups of the column {HOSTILE} were not tested: it was not declared.",
            HOSTILE_MARKDOWN,
        ),
        notes=("The preprocess is the user's code, and ran with their permission.", HOSTILE),
        timing={"open": 0.4, "pass evaluation": 2.13, "explanation": 5.8, "judge": 0.02},
    )
    return dataclasses.replace(record, **changes)
