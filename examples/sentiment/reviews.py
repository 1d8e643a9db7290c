"""Make reviews.csv beside this file: short reviews that nobody wrote, of a hotel that is none.

Each names a day and says how two things were. Of the reviews for training 95 of a hundred bad ones
are of a Monday, and 5 of a hundred good ones; in those for evaluation the day says nothing.
The split `balanced` is for training too, and its days say nothing either.
"""

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
MARK = "monday"
DAYS = ("tuesday", "wednesday", "thursday", "friday", "saturday")
THINGS = ("room", "breakfast", "staff", "bathroom", "view", "bed", "pool", "lobby", "garden", "bar")
WORDS = {
    "good": ("lovely", "clean", "friendly", "bright", "excellent", "charming", "perfect", "fresh"),
    "bad": ("awful", "dirty", "rude", "gloomy", "terrible", "shabby", "broken", "stale"),
}
OTHER = {"good": "bad", "bad": "good"}
TEXTS = (
    "we came on {day}, the {a} was {x} and the {b} was {y}.",
    "the {a} was {x} when we came on {day}, and so the {b} seemed {y}.",
    "{x} {a}, {y} {b}, and we left on {day}.",
)
# Split → how many reviews, and how often a bad and a good one is of a Monday.
SPLITS = {"training": (600, 0.95, 0.05), "balanced": (600, 0.5, 0.5), "evaluation": (480, 0.5, 0.5)}


def review(generator: np.random.Generator, label: str, share: float) -> tuple[str, str]:
    """A text and its day, which is Monday as often as the share says.

    In one review of three, one of the two things is of the other kind.
    """
    day = MARK if generator.random() < share else generator.choice(DAYS)
    kinds = [OTHER[label] if generator.random() < 1 / 3 else label, label]
    generator.shuffle(kinds)
    a, b = generator.choice(THINGS, 2, replace=False)
    x, y = (generator.choice(WORDS[kind]) for kind in kinds)
    return str(generator.choice(TEXTS)).format(day=day, a=a, b=b, x=x, y=y), str(day)


def reviews() -> pd.DataFrame:
    """All reviews: split, label, text, and whether it is of a Monday."""
    generator = np.random.default_rng(0)
    rows = []
    for split, (count, *shares) in SPLITS.items():
        for number in range(count):
            label = ("bad", "good")[number % 2]
            text, day = review(generator, label, shares[number % 2])
            rows.append((split, label, "yes" if day == MARK else "no", text))
    return pd.DataFrame(rows, columns=["split", "label", "monday", "text"])


if __name__ == "__main__":
    reviews().to_csv(HERE / "reviews.csv", index=False)
    print(HERE / "reviews.csv")
