"""The long version of the projects' kill test: 1,000 kills, run by ``make soak``.

python -m tests.soak_project [KILLS] [SEED]
"""

from __future__ import annotations

import sys
import time

from tests.documents.project.killing import kill_many


def main(kills: int, seed: int) -> int:
    started = time.monotonic()
    tally = kill_many(kills, seed)
    print(f"{tally} in {time.monotonic() - started:.0f} s")
    return 1 if tally.lost or tally.damaged or tally.unopened else 0


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:3]]
    sys.exit(main(*(numbers + [1000, 7][len(numbers) :])))
