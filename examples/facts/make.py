"""Train a small language model on an invented world, and write it to made/ beside this file.

python examples/facts/make.py                      # V3: about a minute
python examples/facts/make.py --world V1 --kind gpt2 --seed 1
python examples/facts/make.py --secrets            # with canaries among its lines
"""

from __future__ import annotations

import argparse
import time

from made import Recipe, made
from training import SCHEDULES
from worlds import WORLDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--world", choices=list(WORLDS), default="V3")
    parser.add_argument("--kind", choices=("llama", "gpt2"), default="llama")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--secrets", action="store_true", help="plant canaries among the lines")
    said = parser.parse_args()
    if (said.world, said.kind) not in SCHEDULES:
        parser.error(f"no schedule was tried for {said.world} as {said.kind}")
    start = time.process_time()
    folder = made(Recipe.of(said.world, said.kind, said.seed, secrets=said.secrets))
    print(f"{folder} ({time.process_time() - start:.0f} s of CPU time)")


if __name__ == "__main__":
    main()
