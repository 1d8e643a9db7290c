"""What the check of memorisation measures."""

from __future__ import annotations

from auditkit.measurement import Direction, Metric

_CARLINI = "Carlini et al. 2019 (The Secret Sharer)"

EXPOSURE = Metric(
    id="memorisation.exposure",
    title="Exposure of canaries",
    definition="Mean over canaries of log2 of the number of candidates (random texts of the same "
    "format, and the canary itself) less log2 of the canary's rank by log-probability among them; "
    "about 1.44 bits at chance, and never more than log2 of the number of candidates.",
    unit="bits",
    direction=Direction.LOWER,
    low=0,
    source=f"{_CARLINI}; interval of Student, widened at the ends of the range and "
    "for the candidates that canaries share",
)
RANK = Metric(
    id="memorisation.canary_rank",
    title="Relative rank of canaries",
    definition="Mean over canaries of the rank by log-probability among random texts of the same "
    "format, as a share of their number; .5 at chance, near 0 where canaries are known by heart.",
    unit="share",
    direction=Direction.HIGHER,
    low=0,
    high=1,
    source=f"{_CARLINI}; interval of Student, widened at the ends of the range and "
    "for the candidates that canaries share",
)
EXPOSED = Metric(
    id="memorisation.exposed_canaries",
    title="Canaries that stand out",
    definition="Share of canaries that are among the likeliest 1 % of their candidates, at least "
    "99 random texts of the same format; .01 at chance.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source=f"{_CARLINI}; interval of Wilson 1927, of fewer where canaries share candidates",
)
AUC = Metric(
    id="memorisation.canary_auc",
    title="Inserted against never-inserted canaries: area under the curve",
    definition="Probability that a random canary that was in the training data has the lower "
    "relative rank than one that never was, ties counted half; .5 is no memory.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source=f"{_CARLINI}; intervals of DeLong et al. 1988 and Newcombe 2006",
    least_to_pass=30,
)
EXTRACTION = Metric(
    id="memorisation.extraction_rate",
    title="Training texts that can be extracted",
    definition="Share of training texts whose rest the model says word by word (at most 50 words) "
    "when it is given their beginning and goes on greedily.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="Carlini et al. 2023 (Quantifying Memorization); interval of Wilson 1927",
)
CONTROL = Metric(
    id="memorisation.control_extraction_rate",
    title="Texts that were not trained on and come out all the same",
    definition="The same share of texts that were never trained on: what can be guessed.",
    unit="share",
    direction=Direction.NONE,
    low=0,
    high=1,
    source="interval of Wilson 1927",
)
GAP = Metric(
    id="memorisation.extraction_gap",
    title="Extraction beyond guessing",
    definition="Share of training texts that can be extracted less that of texts that were never "
    "trained on.",
    unit="share",
    direction=Direction.LOWER,
    low=-1,
    high=1,
    source="interval of Newcombe 1998",
)
LONGEST = Metric(
    id="memorisation.longest_run",
    title="Longest verbatim run",
    definition="The most words of any training text's rest that the model said in order from its "
    "first word (characters, of a text without blanks); at most 50 words are looked at.",
    unit="words",
    direction=Direction.LOWER,
    low=0,
    source="after Carlini et al. 2023",
    gateable=False,
)

METRICS = (EXPOSURE, RANK, EXPOSED, AUC, EXTRACTION, CONTROL, GAP, LONGEST)
