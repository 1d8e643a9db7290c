"""The definitions of everything that the check of generated answers measures."""

from __future__ import annotations

from auditkit.measurement import Direction, Metric

_WILSON = "interval of Wilson 1927; of clusters with counts scaled to their effective size"
_CERTIFIED = "Angelopoulos et al. 2025 (Learn then Test); Geifman and El-Yaniv 2017"


def _share(name: str, title: str, definition: str, direction: Direction, source: str) -> Metric:
    return Metric(f"hallucination.{name}", title, definition, "share", direction, 0, 1, source)


OF_ANSWERS = (
    _share(
        "judged",
        "Answers that were judged",
        "Share of the prompts whose answer is known to be right, wrong or a refusal; of the others "
        "nothing says what they are worth.",
        Direction.HIGHER,
        _WILSON,
    ),
    _share(
        "error_rate",
        "Wrong answers",
        "Share of wrong ones among the greedy answers that are right or wrong; refusals are "
        "neither.",
        Direction.LOWER,
        _WILSON,
    ),
    _share(
        "refusal_rate",
        "Refusals",
        "Share of the prompts to which the greedy answer is a refusal, where refusing is not what "
        "the references ask for.",
        Direction.NONE,
        _WILSON,
    ),
    _share(
        "disagreement",
        "Samples that contradict the answer",
        "Mean over the prompts of the share of sampled answers that do not mean the same as the "
        "greedy one; needs no references.",
        Direction.LOWER,
        "Wang et al. 2023 (self-consistency); interval of Student, widened where all agree",
    ),
    _share(
        "confidently_wrong",
        "Wrong answers that nothing gives away",
        "Share of the wrong greedy answers with which every sampled answer agrees: asked again, "
        "the model would say the same.",
        Direction.LOWER,
        f"Farquhar et al. 2024 (semantic entropy of 0); {_WILSON}",
    ),
    _share(
        "verification_accuracy",
        "The model's word on its own answers",
        "Balanced accuracy with which the model calls its right answers true and its wrong ones "
        "false, on the half of the prompts that scores are fitted on; .5 says nothing.",
        Direction.HIGHER,
        "Kadavath et al. 2022; as the AUC of yes and no, intervals of DeLong et al. 1988 and "
        "Newcombe 2006",
    ),
)

OF_SCORES = (
    _share(
        "auroc",
        "AUROC of wrong answers",
        "Probability that a random wrong answer has a higher score than a random right one, ties "
        "counted half, on held-out prompts; .5 says nothing.",
        Direction.HIGHER,
        "Hendrycks and Gimpel 2017; intervals of DeLong et al. 1988, Obuchowski 1997 and Newcombe "
        "2006",
    ),
    Metric(
        "hallucination.prr",
        "Prediction rejection ratio",
        "How much of what the best order of answers gains on the risk–coverage curve the score "
        "gains, on held-out prompts: 1 is the best order, 0 says nothing.",
        "ratio",
        Direction.HIGHER,
        high=1,
        source="Malinin, Mlodozeniec and Gales 2020; interval by influence",
    ),
    Metric(
        "hallucination.calibration_error",
        "Squared calibration error of the risk",
        "Mean over bins of equal size of the squared distance between the calibrated risk of an "
        "answer and the share that is wrong, less what chance alone would add, on held-out "
        "prompts; its root is in units of probability.",
        "squared share",
        Direction.LOWER,
        high=1,
        source="Zadrozny and Elkan 2002 or Platt 1999 (risk); Bröcker 2012 and Kumar, Liang and Ma "
        "2019 (error)",
    ),
    Metric(
        "hallucination.ece",
        "Expected calibration error of the risk",
        "Mean over 15 bins of equal width of the distance between the calibrated risk and the "
        "share that is wrong; above zero even for a perfect risk, so it is shown and never judged.",
        "share",
        Direction.LOWER,
        0,
        1,
        "Naeini, Cooper and Hauskrecht 2015",
        gateable=False,
    ),
)

OF_GATE = (
    Metric(
        "hallucination.threshold",
        "Threshold of the score",
        "The score below which answers are given: the highest found on one half of the prompts "
        "that keeps the error among them (of clusters, among one answer drawn from each) at most "
        "the aim, with the confidence asked for.",
        "score",
        Direction.NONE,
        source=_CERTIFIED,
        gateable=False,
    ),
    _share(
        "coverage",
        "Prompts that are answered",
        "Share of the held-out prompts that get an answer whose score is below the threshold; "
        "refusals get none, and what nobody judged is left out.",
        Direction.HIGHER,
        f"{_CERTIFIED}; {_WILSON}",
    ),
    _share(
        "accepted_error",
        "Error among the answers given",
        "Share of wrong ones among the held-out answers whose score is below the threshold.",
        Direction.LOWER,
        f"El-Yaniv and Wiener 2010; {_WILSON}",
    ),
    _share(
        "group_coverage",
        "Prompts of a group that are answered",
        "Share of the group's held-out prompts that get an answer whose score is below the "
        "threshold, which is the same for all.",
        Direction.HIGHER,
        f"Jones et al. 2021; {_WILSON}",
    ),
    _share(
        "group_accepted_error",
        "Error among a group's answers",
        "Share of wrong ones among the group's held-out answers whose score is below the "
        "threshold.",
        Direction.LOWER,
        f"Jones et al. 2021; {_WILSON}",
    ),
)

METRICS = (*OF_ANSWERS, *OF_SCORES, *OF_GATE)

__all__ = ["METRICS", "OF_ANSWERS", "OF_GATE", "OF_SCORES"]
