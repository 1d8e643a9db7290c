"""What no test of an explanation excludes. Plain text, which loads nothing."""

from __future__ import annotations

NEVER_EXCLUDED = (
    "A shortcut that is everywhere in the input, such as brightness, blur or a tone in the "
    "background, shows in no map; only changing the input and asking the model again tells of it.",
    "Deletion, insertion and infidelity ask the model about inputs that it may never have seen: "
    "what it says where regions are replaced by a baseline need not be what it does on real data.",
    "A map gives each region a number of its own, and cannot show what regions do only together.",
    "A model can be made so that its maps hide what it uses; none of the tests looks for that.",
    "That a map is true to the model does not make the model right, and a reader may see in it "
    "what is not there.",
)
