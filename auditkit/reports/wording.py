"""The words of the report: what a status, a basis or a measured thing is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.measurement import REST, MeasurementKey, Slice, Status
from auditkit.policy.verdict import Verdict, VerdictStatus
from auditkit.reports.text import shorten


@dataclass(frozen=True)
class StatusWords:
    """How a verdict is called and shown.

    Attributes:
        word: one word, capitalised.
        meaning: what it says, for the legend.
        colour: dark enough for text on white (contrast over 4.5), apart from the others for all
            common kinds of colour vision.
        shape: Vega's name of the point drawn, so that a print in grey tells them apart too.
    """

    word: str
    meaning: str
    colour: str
    shape: str


VERDICTS: Mapping[VerdictStatus, StatusWords] = {
    VerdictStatus.FAIL: StatusWords(
        "Fail", "the data show that the value lies outside what is required", "#b3350c", "cross"
    ),
    VerdictStatus.MISSING: StatusWords(
        "Missing", "it was not measured, which counts like a failure", "#b3350c", "cross"
    ),
    VerdictStatus.INCONCLUSIVE: StatusWords(
        "Inconclusive",
        "the interval reaches over the border, or there are too few data to say",
        "#7a5200",
        "diamond",
    ),
    VerdictStatus.WAIVED: StatusWords(
        "Waived", "it would block, and a person has accepted that for a time", "#6b3b87", "square"
    ),
    VerdictStatus.PASS: StatusWords(
        "Pass", "the whole interval lies inside what is required", "#0b5e8a", "circle"
    ),
}

WORST_FIRST = tuple(VERDICTS)

BASES: Mapping[str, str] = {
    "law": "A legal text asks for this.",
    "guidance": "A regulator or a standards body recommends this; it does not bind by itself.",
    "convention": "Practice uses this number; no law sets it for this case.",
    "organisation": "The organisation that runs this model set this itself.",
}

SEVERITIES: Mapping[str, str] = {
    "block": "must be met to deploy",
    "warn": "warns only",
}

ABSENCES: Mapping[Status, str] = {
    Status.MEASURED: "",
    Status.TOO_FEW: "too few",
    Status.UNDEFINED: "undefined",
    Status.NOT_APPLICABLE: "not applicable",
    Status.FAILED: "measuring failed",
}

METHODS: Mapping[str, str] = {
    "exact": "exact, no sampling error",
    "wilson": "Wilson score",
    "clopper_pearson": "Clopper–Pearson, exact",
    "koopman": "Koopman score",
    "newcombe": "Newcombe hybrid score",
    "stratified_ratio": "stratified score (Gart and Nam)",
    "stratified_difference": "stratified score (Miettinen and Nurminen)",
    "normal": "normal",
    "student": "Student’s t",
    "root_student": "Student’s t on the logarithm of the mean square",
    "log_student": "Student’s t on the logarithm",
    "delong": "DeLong",
    "delong_outer": "outer of DeLong and Newcombe",
    "wilson_between": "Wilson scores over an uncertain threshold",
    "f1": "Wilson score on tp / (tp + fp + fn)",
    "mean_of_wilson": "variance recovery from Wilson scores",
    "squared_error": "debiased squared error",
    "bootstrap": "bootstrap of counts",
    "bca": "bias-corrected bootstrap of counts",
    "above_chance": "share above chance",
    "largest_magnitude": "largest of several intervals",
}

ACRONYMS = {
    "auc": "AUC",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R²",
    "ece": "ECE",
    "ks": "KS",
    "auroc": "AUROC",
    "aurc": "AURC",
    "fpr95": "FPR at 95 %",
}


def metric_title(metric: str, definitions: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """The title in the metric's definition, else its id made readable.

    Example:
        >>> metric_title("bias.impact_ratio")
        'Impact ratio'
    """
    title = (definitions or {}).get(metric, {}).get("title")
    if title:
        return str(title)
    name = metric.rpartition(".")[2] or metric
    words = " ".join(ACRONYMS.get(word, word) for word in name.split("_") if word) or metric
    return words[:1].upper() + words[1:]


def values_of(part: Slice) -> str:
    """The values of a slice without the attribute names: `Female, Black`; `all others`."""
    if part == REST:
        return "all others"
    return ", ".join(shorten(value) for _, value in part.conditions) or "everyone"


def subject(key: MeasurementKey) -> str:
    """What a number is about.

    Example:
        >>> women, men = Slice.of(gender="Female"), Slice.of(gender="Male")
        >>> subject(MeasurementKey("bias.impact_ratio", women, men))
        'gender: Female compared with Male'
        >>> subject(MeasurementKey("performance.accuracy"))
        'all evaluation data'
    """
    parts = []
    if key.head:
        parts.append(f"head {shorten(key.head)}")
    if key.label:
        parts.append(shorten(key.label))
    if key.slice.conditions:
        names = " × ".join(shorten(name) for name in key.slice.attributes)
        text = f"{names}: {values_of(key.slice)}"
        if key.reference is not None:
            text += f" compared with {values_of(key.reference)}"
        parts.append(text)
    if not parts:
        return f"all {key.split} data" if "→" not in key.split else _between(key.split)
    if key.split != "evaluation":
        parts.append(_between(key.split) if "→" in key.split else f"{key.split} data")
    return ", ".join(parts)


def _between(split: str) -> str:
    return " against ".join(f"{shorten(name)} data" for name in split.split("→"))


def verdict_subject(verdict: Verdict) -> str:
    """What a verdict is about, in a reviewer's words."""
    measurement = verdict.measurement
    return subject(measurement.key) if measurement is not None else shorten(verdict.subject, 160)


def worst(statuses: Iterable[VerdictStatus]) -> VerdictStatus:
    """The worst of some verdicts, in the order of `WORST_FIRST`; there must be one."""
    return min(statuses, key=WORST_FIRST.index)


def joined(names: Iterable[str]) -> str:
    """Names as a sentence lists them.

    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *rest, last = list(names) or [""]
    return f"{', '.join(rest)} and {last}" if rest else last
