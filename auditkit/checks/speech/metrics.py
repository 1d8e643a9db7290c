"""What the check of speech measures."""

from __future__ import annotations

from auditkit.checks.speech.repetition import COMPRESSED, LONGEST_LOOP, TIMES
from auditkit.measurement import Direction, Metric

_WORDS = (
    "Words inserted, left out or replaced (the least number that turns what was said into the "
    "transcript), over the words that were said"
)

RATE = Metric(
    id="speech.word_error_rate",
    title="Word error rate",
    definition=f"{_WORDS}, both summed over all sounds; case and punctuation count only where "
    "correctness is exact. It can exceed 1.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    source="NIST 1998 (sclite); interval by leaving out one block of speakers at a time, widened "
    "where errors are rare",
)
UTTERANCES = Metric(
    id="speech.wrong_utterances",
    title="Utterances with an error",
    definition="Share of the sounds of which it is known what was said whose transcript has at "
    "least one word error.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="NIST 1998 (sclite); interval of Wilson 1927",
)
RATIO = Metric(
    id="speech.word_error_ratio",
    title="Ratio of word error rates",
    definition="Word error rate of a group over that of the reference group.",
    unit="ratio",
    direction=Direction.ONE,
    low=0,
    source="Koenecke et al. 2020; interval by leaving out one block of speakers at a time",
    comparison=True,
)
DIFFERENCE = Metric(
    id="speech.word_error_difference",
    title="Difference of word error rates",
    definition="Word error rate of a group less that of the reference group.",
    unit="share",
    direction=Direction.ZERO,
    source="Koenecke et al. 2020; interval by leaving out one block of speakers at a time",
    comparison=True,
)
COMPRESSION = Metric(
    id="speech.compression_ratio",
    title="Compression ratio",
    definition="Mean, over transcripts with text, of their bytes in UTF-8 over those that zlib "
    "makes of them; text that repeats itself has a high one.",
    unit="ratio",
    direction=Direction.NONE,
    low=0,
    source="Radford et al. 2022 (Whisper)",
)
COMPRESSED_SHARE = Metric(
    id="speech.compressed",
    title="Transcripts that compress too well",
    definition=f"Share of all transcripts with a compression ratio above {COMPRESSED:g}, above "
    "which Whisper takes its own transcript for a failure.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="Radford et al. 2022 (Whisper); interval of Wilson 1927",
)
LOOPS = Metric(
    id="speech.repetition_loops",
    title="Transcripts that loop",
    definition=f"Share of all transcripts in which a part of 1 to {LONGEST_LOOP} words follows "
    f"itself at least {TIMES} times in a row, and does not in what was said.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="interval of Wilson 1927",
)
SILENCE = Metric(
    id="speech.text_on_silence",
    title="Text on silence",
    definition="Share of planted sounds of zeros alone, as long as the rows' sounds or up to half "
    "shorter, of which at least one word was written down; what stands in brackets (music, "
    "laughter) is no word.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="Koenecke et al. 2024; interval of Clopper and Pearson 1934",
)
NOISE = Metric(
    id="speech.text_on_noise",
    title="Text on noise",
    definition="Share of planted sounds of white or pink noise, at -50 and -30 dB, of which at "
    "least one word was written down; as text on silence.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="Koenecke et al. 2024; interval of Clopper and Pearson 1934",
)
METRICS = (
    RATE,
    UTTERANCES,
    RATIO,
    DIFFERENCE,
    COMPRESSION,
    COMPRESSED_SHARE,
    LOOPS,
    SILENCE,
    NOISE,
)

__all__ = [
    "COMPRESSED_SHARE",
    "COMPRESSION",
    "DIFFERENCE",
    "LOOPS",
    "METRICS",
    "NOISE",
    "RATE",
    "RATIO",
    "SILENCE",
    "UTTERANCES",
]
