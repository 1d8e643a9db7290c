"""How a row of the census table becomes the 29 numbers that the network was trained on.

The mapping and the fixed ranges are those of the Adult loader in dice-ml 0.12.
"""

import pandas as pd
import torch

_WORKCLASS = {
    "Federal-gov": "Government",
    "State-gov": "Government",
    "Local-gov": "Government",
    "Self-emp-inc": "Self-Employed",
    "Self-emp-not-inc": "Self-Employed",
    "Private": "Private",
    "Without-pay": "Other/Unknown",
    "Never-worked": "Other/Unknown",
    "?": "Other/Unknown",
}
_SCHOOL = ("Preschool", "1st-4th", "5th-6th", "7th-8th", "9th", "10th", "11th", "12th")
_EDUCATION = {
    "Assoc-voc": "Assoc",
    "Assoc-acdm": "Assoc",
    **dict.fromkeys(_SCHOOL, "School"),
    **{
        level: level
        for level in (
            "Bachelors",
            "Doctorate",
            "HS-grad",
            "Masters",
            "Prof-school",
            "Some-college",
        )
    },
}
_MARITAL = {
    "Married-civ-spouse": "Married",
    "Married-AF-spouse": "Married",
    "Married-spouse-absent": "Married",
    "Never-married": "Single",
    "Divorced": "Divorced",
    "Separated": "Separated",
    "Widowed": "Widowed",
}
_OCCUPATION = {
    **dict.fromkeys(("Adm-clerical", "Exec-managerial"), "White-Collar"),
    **dict.fromkeys(
        (
            "Craft-repair",
            "Farming-fishing",
            "Handlers-cleaners",
            "Machine-op-inspct",
            "Transport-moving",
        ),
        "Blue-Collar",
    ),
    **dict.fromkeys(
        ("Other-service", "Priv-house-serv", "Protective-serv", "Tech-support"), "Service"
    ),
    "Prof-specialty": "Professional",
    "Sales": "Sales",
    **dict.fromkeys(("Armed-Forces", "?"), "Other/Unknown"),
}
_LEVELS = {
    "workclass": ("Government", "Other/Unknown", "Private", "Self-Employed"),
    "education": (
        "Assoc",
        "Bachelors",
        "Doctorate",
        "HS-grad",
        "Masters",
        "Prof-school",
        "School",
        "Some-college",
    ),
    "marital_status": ("Divorced", "Married", "Separated", "Single", "Widowed"),
    "occupation": (
        "Blue-Collar",
        "Other/Unknown",
        "Professional",
        "Sales",
        "Service",
        "White-Collar",
    ),
    "race": ("Other", "White"),
    "gender": ("Female", "Male"),
}

FEATURE_NAMES = (
    "age",
    "hours_per_week",
    *(f"{column}={level}" for column, levels in _LEVELS.items() for level in levels),
)


def encode(rows: pd.DataFrame) -> torch.Tensor:
    """The 29 inputs of each row, float32 of shape (n, 29)."""
    columns = {
        "workclass": rows["workclass"].map(_WORKCLASS),
        "education": rows["education"].map(_EDUCATION),
        "marital_status": rows["marital-status"].map(_MARITAL),
        "occupation": rows["occupation"].map(_OCCUPATION),
        "race": rows["ethnicity"].where(rows["ethnicity"] == "White", "Other"),
        "gender": rows["gender"],
    }
    numbers = torch.zeros(len(rows), len(FEATURE_NAMES))
    # The network was trained with these fixed ranges; they must not be fitted anew.
    numbers[:, 0] = torch.from_numpy((rows["age"].to_numpy("float32") - 17) / 73)
    numbers[:, 1] = torch.from_numpy((rows["hours-per-week"].to_numpy("float32") - 1) / 98)
    at = 2
    units = torch.arange(len(rows))
    for name, levels in _LEVELS.items():
        codes = pd.Categorical(columns[name], categories=levels).codes
        if (codes < 0).any():
            first = rows.index[codes < 0][:3].tolist()
            raise ValueError(f"{name} holds values that the network does not know (rows {first})")
        numbers[units, at + torch.from_numpy(codes.astype("int64"))] = 1
        at += len(levels)
    return numbers


encode.feature_names = FEATURE_NAMES
