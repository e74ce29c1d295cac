"""How long 20 million half-star ratings take from a CSV to a split, and how much memory.

    python tests/benchmarks/prepare.py [--ratings N] [--keep FILE.csv]

The data are made first, in another process, so that neither its time nor its memory counts.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
import resource
import subprocess
import sys
import tempfile
import time

_MAKE = """
import sys; from pathlib import Path
from vasp_models.data import synthetic
pairs = int(sys.argv[2]) // 2
users, items = max(200, pairs * 136_677 // 10_000_000), min(20_108, max(200, pairs // 100))
synthetic.write_ratings(Path(sys.argv[1]), synthetic.paper_scale(0, users, items, pairs))
"""


def main() -> None:
    """Make the ratings, then import, binarise and split them, and print seconds and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=20_000_000)
    parser.add_argument("--keep", type=Path, help="where the CSV is kept for another run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["VASP_LENS_HOME"] = temporary
        path = options.keep or Path(temporary) / "ratings.csv"
        if not path.exists():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", _MAKE, str(path), str(options.ratings)], check=True)
            print(f"make    {time.perf_counter() - start:6.1f} s  {path.stat().st_size / 1e6:,.0f} MB")
        _prepare(path)


def _prepare(path: Path) -> None:
    from vasp_models.data.importing import import_ratings
    from vasp_models.data.splits import make_split

    start, cpu = time.perf_counter(), time.process_time()
    dataset = import_ratings(path, "benchmark")
    imported = time.perf_counter()
    split = make_split(dataset, "liang", ordered=True)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
    print(f"import  {imported - start:6.1f} s  {dataset.manifest['counts']['ratings']:,} ratings")
    print(f"split   {done - imported:6.1f} s  {split.stats['users']:,} users, {split.stats['events']:,} pairs")
    busy = time.process_time() - cpu  # what counts where other programs share the cores
    print(f"in all  {done - start:6.1f} s  ({busy:.1f} s of processor), peak {peak / 1024:.2f} GiB")


if __name__ == "__main__":
    main()
