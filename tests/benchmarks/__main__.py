"""Runs every ``bench_*.py`` of this folder and prints one table.

    python -m tests.benchmarks [name …]        names as in bench_<name>.py; all when none is given

Each module has ``run() -> Iterable[Row]`` and measures against something in the same run, so that
the ratios mean the same on every computer. The exit status is 1 when a promise is missed.
"""

from __future__ import annotations

import importlib
import platform
import sys
from pathlib import Path

from tests.benchmarks.rows import Row

FOLDER = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    known = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"There is no benchmark {unknown[0]}; known: {', '.join(known)}.", file=sys.stderr)
        return 2
    print(f"Python {platform.python_version()} on {platform.platform()}\n")
    rows: list[Row] = []
    for name in names or known:
        print(f"{name}", flush=True)
        module = importlib.import_module(f"tests.benchmarks.bench_{name}")
        for row in module.run():
            rows.append(row)
            print(f"  {row}", flush=True)
    missed = sum(not row.good for row in rows)
    promised = sum(row.limit is not None for row in rows)
    print(f"\n{promised - missed} of {promised} promises kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
