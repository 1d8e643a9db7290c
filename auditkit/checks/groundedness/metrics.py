"""What is measured of how answers rest on their context."""

from __future__ import annotations

from auditkit.measurement import Direction, Metric
from auditkit.statistics.detection import KEPT

_PLANTED = (
    "Planted are the sentences of a row after the context of another row, and a sentence of "
    "another row added to the row's own answer."
)

METRICS = (
    Metric(
        id="groundedness.detection_auroc",
        title="Planted claims told apart",
        definition="Probability that a detector finds a sentence after its own context better "
        f"supported than a planted one, ties counted half. {_PLANTED}",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source="area under the ROC curve: DeLong et al. 1988; Obuchowski 1997 for clusters",
    ),
    Metric(
        id="groundedness.missed_share",
        title="Planted claims that pass",
        definition="Share of the planted sentences that a detector finds as well supported as the "
        f"threshold asks that {KEPT:.0%} of the supported ones reach.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Pepe 2003, section 5.2.1",
    ),
    Metric(
        id="groundedness.flagged_share",
        title="Sentences flagged",
        definition="Share of the sentences of the model's answers whose support lies below the "
        f"threshold that {KEPT:.0%} of the sentences of right answers reach after their own "
        "context: about 5 % would be flagged were all of them supported, and not all that are not "
        "supported are flagged.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="interval of Wilson 1927",
        gateable=False,
    ),
    Metric(
        id="groundedness.context_reliance",
        title="What the context adds to answers",
        definition="Mean over the answers of how much likelier a token of the answer is with the "
        "context than without it: the mean of ln p(token | with) − ln p(token | without), in nats.",
        unit="nats",
        direction=Direction.HIGHER,
        source="Shi et al. 2024 (context-aware decoding); interval of Student",
    ),
    Metric(
        id="groundedness.retrieval_recall",
        title="Right passages among those given",
        definition="Mean over the questions of the share of their right passages that are among "
        "the first k of the context, in the order in which the model is given them.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source="recall at k: Manning, Raghavan and Schütze 2008, section 8.4",
    ),
    Metric(
        id="groundedness.unsupported_share",
        title="Unsupported sentences",
        definition="Share of the sentences that people looked at which they found not supported by "
        "the context.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="interval of Wilson 1927",
    ),
    Metric(
        id="groundedness.label_auroc",
        title="Unsupported sentences told apart",
        definition="Probability that a detector finds a sentence that people found supported "
        "better supported than one that they did not, ties counted half.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source="area under the ROC curve: DeLong et al. 1988; Obuchowski 1997 for clusters",
    ),
    Metric(
        id="groundedness.false_alarm_share",
        title="Supported sentences flagged",
        definition="Share of the sentences that people found supported which lie below the "
        f"threshold that {KEPT:.0%} of the sentences of right answers reach, taken as it is.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="interval of Wilson 1927",
    ),
    Metric(
        id="groundedness.unnoticed_share",
        title="Unsupported sentences not flagged",
        definition="Share of the sentences that people found not supported which reach the "
        f"threshold that {KEPT:.0%} of the sentences of right answers reach, taken as it is.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="interval of Wilson 1927",
    ),
)

__all__ = ["METRICS"]
