"""Lists with dense layers of eight bits, beside bf16 and fp32: how fast at the paper's widths, how alike when trained.

    python tests/benchmarks/eight_bits.py CHECKPOINT

An experiment, which the program does not use: torch tells that these kernels "will be removed in a future release",
and its kernel for weights of eight bits and inputs of bf16 crashes where a width is no multiple of its blocks.
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path
import sys
import warnings

import numpy as np
from torch import nn
from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from vasp_models import checkpoints  # noqa: E402
from vasp_models.data import synthetic  # noqa: E402
from vasp_models.models import preset  # noqa: E402
from vasp_models.models.rounded import rounded  # noqa: E402
from vasp_models.models.vasp import Product  # noqa: E402
from vasp_models.models.weights import TorchRecommender  # noqa: E402
from vasp_models.speed import answering, timed  # noqa: E402

TOP = 100


def main() -> None:
    """Print the overlap of lists on a checkpoint's test users, and the time of one list at full width."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    loaded = checkpoints.load(parser.parse_args().checkpoint)
    warnings.simplefilter("ignore")
    model, rows = loaded.model(), loaded.users.histories.take(loaded.users.rows("test"))
    exact = model.best(rows, TOP)[0]
    for name, low in (("bf16", rounded(model)), ("int8", in_eight_bits(model))):
        shared = [len(set(a) & set(b)) / TOP for a, b in zip(exact, low.best(rows, TOP)[0], strict=True)]
        print(f"{name}: overlap of the first {TOP} {np.mean(shared):.4f}, least {min(shared):.2f}, {len(rows)} users")
    users, items, _ = synthetic.ML20M
    one = synthetic.paper_scale(0, 100, items, 7_000).take([0])
    wide = answering.filled(preset("vasp", "paper")[0], items, 0)
    for name, low in (("bf16", rounded(wide)), ("int8", in_eight_bits(wide))):
        figure = timed(name, lambda low=low: low.best(one, TOP), lambda: wide.best(one, TOP), "fp32", 9)
        print(
            f"{name}: {figure.seconds:.4f} s for one list, fp32 {figure.peer_seconds:.4f} s, ratio {figure.ratio:.1f}"
        )


def in_eight_bits(model: Product) -> TorchRecommender:
    """A copy with each dense layer's weights in eight bits by rows, and its inputs rounded as they come."""
    twin = copy.deepcopy(model, {id(each): each for each in (*model.parameters(), *model.buffers())})
    for name, net in list(twin.nets.items()):
        twin.nets[name] = quantize_dynamic(net, {nn.Linear: per_channel_dynamic_qconfig})
    return twin


if __name__ == "__main__":
    main()
