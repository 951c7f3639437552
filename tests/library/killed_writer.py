"""Run as a program: adds results, stars and trash to a library until it is killed.

Prints one line for each acknowledged action, at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

from studio.library.library import Library
from tests.library.conftest import text_result


def main(folder: str, index: str, first: int) -> None:
    library = Library(Path(folder), Path(index))
    library.scan()
    print("ready", flush=True)
    number = first
    while True:
        if number % 7 == 3:
            library.rebuild()
        item = library.add_result(text_result(f"Result {number}.", seed=number))
        print(f"added {number} {item.path}", flush=True)
        if number % 3 == 0:
            library.set_stars([item.id], 4)
            print(f"starred {number}", flush=True)
        if number % 5 == 0:
            library.trash([item.id])
            print(f"trashed {number}", flush=True)
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
