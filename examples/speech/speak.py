"""Let espeak-ng speak: how the files in voices/ were made. They are here, so nobody need run this.

Needs the Debian package espeak-ng (1.51 was used). Each of ten voices says one sentence, of which
2.048 seconds are kept, as 16-bit WAV with 16,000 samples a second. What espeak-ng says is not
covered by its own licence; the sentences were written for this example.
"""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

HERE = Path(__file__).parent
RATE = 16_000
SAMPLES = 2 * 32 * 512
SENTENCES = {
    "low-1": ("en-us+m1", "Please send the letter to my sister before noon."),
    "low-2": ("en-us+m2", "The harbour is quiet when the boats are away."),
    "low-3": ("en-us+m3", "We counted every window on the way down."),
    "low-4": ("en-us+m4", "Nobody told them that the bridge was closed."),
    "low-5": ("en-us+m5", "The train to the mountains leaves from the last platform."),
    "high-1": ("en-us+f1", "A warm wind blew over the fields all morning."),
    "high-2": ("en-us+f2", "He forgot his umbrella at the library again."),
    "high-3": ("en-us+f3", "Turn left behind the bakery, then go up the hill."),
    "high-4": ("en-us+f4", "They planted apple trees along the river."),
    "high-5": ("en-us+f5", "My neighbour paints small pictures of large ships."),
}


def spoken(voice: str, sentence: str, path: Path) -> np.ndarray:
    """A sentence from its first sound on, float64 of shape (32768,), with peaks of 0.6."""
    subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", str(path), sentence], check=True)
    rate, samples = wavfile.read(path)
    path.unlink()
    heard = resample_poly(samples / 32_768, RATE, rate)
    heard = heard[np.flatnonzero(np.abs(heard) > 0.02)[0] :]
    heard = np.pad(heard, (0, max(0, SAMPLES - len(heard))))[:SAMPLES]
    return 0.6 * heard / np.abs(heard).max()


if __name__ == "__main__":
    (HERE / "voices").mkdir(exist_ok=True)
    for name, (voice, sentence) in SENTENCES.items():
        place = HERE / "voices" / f"{name}.wav"
        samples = np.round(32_767 * spoken(voice, sentence, place.with_suffix(".tmp")))
        with wave.open(str(place), "wb") as file:
            file.setparams((1, 2, RATE, SAMPLES, "NONE", ""))
            file.writeframes(samples.astype("<i2").tobytes())
        print(place, file=sys.stderr)
