"""What several people together say of answers, and how far they agree."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.generation.labelling.labels import Label, Said, same_rater
from auditkit.generation.labelling.shown_answers import ShownAnswer
from auditkit.statistics.agreement import Agreement, nominal_alpha

_CODES = {said: code for code, said in enumerate(Said)}
_WRITTEN = {Said.RIGHT: "true", Said.WRONG: "false", Said.UNCLEAR: ""}


@dataclass(frozen=True)
class Judgements:
    """The last word of each person on each answer.

    Attributes:
        answers: that there are.
        raters: names, in the order in which they began.
        said: for each answer, what each rater said; None where nothing.
        stale: labels of answers that are no longer there, or no longer the same.
    """

    answers: tuple[ShownAnswer, ...]
    raters: tuple[str, ...]
    said: tuple[tuple[Said | None, ...], ...]
    stale: int = 0

    @classmethod
    def of(cls, answers: Sequence[ShownAnswer], labels: Sequence[Label]) -> Judgements:
        """From labels in the order in which they were given."""
        names: dict[str, str] = {}
        for one in labels:
            names.setdefault(one.rater.casefold(), one.rater)
        raters = tuple(names.values())
        places = {one.id: one.digest for one in answers}
        valid = [one for one in labels if places.get(one.id) == one.digest]
        last = {(one.id, one.rater.casefold()): one.said for one in valid}
        said = tuple(
            tuple(last.get((one.id, name.casefold())) for name in raters) for one in answers
        )
        return cls(tuple(answers), raters, said, len(labels) - len(valid))

    def by(self, rater: str) -> dict[str, Said]:
        """What one person said, by the answer's id."""
        column = [place for place, name in enumerate(self.raters) if same_rater(name, rater)]
        return {
            answer.id: said
            for answer, row in zip(self.answers, self.said, strict=True)
            for place in column
            if (said := row[place]) is not None
        }

    @property
    def agreed(self) -> tuple[Said | None, ...]:
        """Of each answer what at least two people said, and more than said anything else.

        So an answer that two people judge differently has none until a third decides.
        """
        return tuple(map(_agreed, self.said))

    @property
    def disputed(self) -> frozenset[str]:
        """Ids of answers that at least two people judged, and on which nothing is agreed."""
        return frozenset(
            answer.id
            for answer, row, agreed in zip(self.answers, self.said, self.agreed, strict=True)
            if agreed is None and sum(one is not None for one in row) >= 2
        )

    @property
    def agreement(self) -> Agreement | str:
        """Krippendorff's alpha over all raters, or why there is none: a full sentence.

        `unclear` is a label like the others: who cannot tell does not agree with who can.
        """
        codes = np.full((len(self.said), max(len(self.raters), 1)), -1)
        for place, row in enumerate(self.said):
            codes[place, : len(row)] = [-1 if one is None else _CODES[one] for one in row]
        try:
            return nominal_alpha(codes)
        except ValueError as error:
            return f"There is no measure of agreement yet: {error}."

    def table(self) -> str:
        """The answers with their agreed labels as CSV, to be audited with.

        `label` (true, false, or empty) is what `generation.columns.label` names; `label_1` … are
        the raters' own, without their names. Texts are as they are: a spreadsheet may take one that
        begins with "=" for a formula.
        """
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        own = [f"label_{number}" for number in range(1, len(self.raters) + 1)]
        writer.writerow(["id", "prompt", "context", "references", "answer", "label", *own])
        for answer, row, agreed in zip(self.answers, self.said, self.agreed, strict=True):
            listed = [json.dumps(one) if one else "" for one in (answer.context, answer.references)]
            writer.writerow(
                [
                    answer.id, answer.prompt, *listed, answer.answer,
                    _WRITTEN[agreed] if agreed else "",
                    *(one.value if one else "" for one in row),
                ]
            )  # fmt: skip
        return text.getvalue()

    def notes(self) -> dict[str, Any]:
        """What a reader of the table must know of its labels; names nobody, holds no answer."""
        agreed, alpha = self.agreed, self.agreement
        counts = Counter(one.value for one in agreed if one is not None)
        interval = None if isinstance(alpha, str) else [round(one, 4) for one in alpha.interval()]
        digests = "".join(sorted(one.digest for one in self.answers))
        return {
            "answers": len(self.answers),
            "answers_digest": f"sha256:{hashlib.sha256(digests.encode()).hexdigest()}",
            "raters": len(self.raters),
            "judged_by_two": sum(sum(one is not None for one in row) >= 2 for row in self.said),
            "agreed": {said.value: counts.get(said.value, 0) for said in Said},
            "disputed": len(self.disputed),
            "stale_labels": self.stale,
            "krippendorff_alpha": None if isinstance(alpha, str) else round(alpha.alpha, 4),
            "interval_95": interval,
            "why_no_alpha": alpha if isinstance(alpha, str) else "",
        }


def _agreed(row: Sequence[Said | None]) -> Said | None:
    votes = Counter(one for one in row if one is not None).most_common(2)
    if not votes or votes[0][1] < 2 or (len(votes) > 1 and votes[0][1] == votes[1][1]):
        return None
    return votes[0][0]


__all__ = ["Judgements"]
