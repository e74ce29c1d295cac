"""The whole table of paper scale on a graphics card, in under eight minutes.

    python tests/benchmarks/gpu.py [--device cpu --items 2000 --hidden 64 --users 3000]

An epoch of MovieLens-20M's shape at the full catalogue and at the authors' cut; each part of a step beside what the
card's own matrix rates and memory bandwidth, measured first, would allow; lists for all users; leave-one-out; the
neighbours of every film in every part, as maps need them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import sys
import time

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from vasp_models import devices, provenance  # noqa: E402
from vasp_models.data import synthetic  # noqa: E402
from vasp_models.data.interactions import Interactions  # noqa: E402
from vasp_models.explanations.leave_one_out import influence  # noqa: E402
from vasp_models.models import preset  # noqa: E402
from vasp_models.models.flvae import FLVAESettings  # noqa: E402
from vasp_models.models.nease import NEASESettings  # noqa: E402
from vasp_models.models.vasp import Product, ProductSettings  # noqa: E402
from vasp_models.projections import layout  # noqa: E402
from vasp_models.projections.neighbours import OnDevice  # noqa: E402
from vasp_models.training import moving  # noqa: E402
from vasp_models.training.focal import focal  # noqa: E402
from vasp_models.training.loop import Training  # noqa: E402
from vasp_models.training.options import Turn  # noqa: E402
from vasp_models.training.state import TrainingState  # noqa: E402

STEPS = 112  # of an epoch: 116,677 train users, 2,048 rows a step (models.md A5)
CUT = 6_837 / 20_108
LONG = 500  # films of the history that is explained


def main() -> None:
    """Print every figure beside what is asked of one H200."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--items", type=int, default=synthetic.ML20M[1])
    parser.add_argument("--hidden", type=int, default=4096)
    parser.add_argument("--users", type=int, default=synthetic.ML20M[0])
    parser.add_argument("--steps", type=int, default=30, help="steps that are timed, of an epoch's 112")
    chosen = parser.parse_args()
    device = torch.device(devices.resolve(chosen.device))
    likes = synthetic.paper_scale(0, chosen.users, chosen.items, round(chosen.users * 73.2))
    print(f"{devices.describe(device.type)}; torch {torch.__version__}; {provenance.now()}")
    card = Card(device)
    rates = ", ".join(f"{rate / 1e12:.3g} T/s in {name}" for name, rate in card.rates.items())
    print(f"matrix rate {rates}, bandwidth {card.bandwidth / 1e12:.2f} TB/s")
    print("\n| what | seconds | asked | limit | share of the limit |\n|---|---|---|---|---|")
    popular = np.argsort(-likes.item_counts, kind="stable")[: max(300, round(chosen.items * CUT))]
    for name, train, asked in (("full catalogue", likes, 3.0), ("authors' cut", only(likes, np.sort(popular)), 1.2)):
        epoch(card, name, train, chosen, asked)
    model = product(likes.n_items, chosen.hidden).to(device).requires_grad_(False).eval()
    inference(card, model, likes)
    neighbours(card, model)


class Card:
    """A device, its clock, and the rates that bound everything on it, measured."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        side = 8192 if device.type == "cuda" else 1024
        self.rates = {}
        for name, kind in (("bf16", torch.bfloat16), ("fp32", torch.float32)):
            a = torch.randn(side, side, device=device, dtype=kind)
            self.rates[name] = 2 * side**3 / self.seconds(lambda a=a: a @ a)
        source = torch.empty(2**28 if device.type == "cuda" else 2**24, device=device)
        target = torch.empty_like(source)
        self.bandwidth = 2 * source.nbytes / self.seconds(lambda: target.copy_(source))

    def seconds(self, action: Callable[[], object], repeats: int = 5) -> float:
        """Median after two runs that warm up."""
        taken = []
        for _ in range(2 + repeats):
            self.wait()
            started = time.perf_counter()
            action()
            self.wait()
            taken.append(time.perf_counter() - started)
        return float(np.median(taken[2:]))

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def row(
        self,
        what: str,
        seconds: float,
        asked: str = "",
        operations: float = 0.0,
        moved: float = 0.0,
        kind: str = "bf16",
    ) -> float:
        """One line: the seconds, and what operations at the rate of `kind` and moved bytes would take at least.

        The seconds of that limit are given back. Small data stay in a processor's cache, and may be faster.
        """
        return self.line(what, seconds, asked, operations / self.rates[kind] + moved / self.bandwidth)

    def line(self, what: str, seconds: float, asked: str, limit: float) -> float:
        """One line beside a limit in seconds, which is given back."""
        beside = f"{limit * 1e3:.2f} ms | {limit / seconds:.0%}" if limit else "|"
        print(f"| {what} | {seconds:.4f} | {asked} | {beside} |", flush=True)
        return limit


def only(likes: Interactions, items: np.ndarray) -> Interactions:
    """The histories in some items alone."""
    matrix = likes.csr()[:, items]
    return Interactions(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), len(items))


def product(n_items: int, hidden: int) -> Product:
    """VASP of the paper's depth."""
    return Product(ProductSettings({"nease": NEASESettings(), "flvae": FLVAESettings(hidden, hidden // 2)}), n_items)


def epoch(card: Card, name: str, train: Interactions, chosen: argparse.Namespace, asked: float) -> None:
    """Steps of the authors' schedule, and what they are made of."""
    options = preset("vasp", "authors")[1]
    stage = options.stages[0]
    on_card = card.device.type == "cuda"
    options = replace(options, device=card.device.type, precision="bf16" if on_card else "fp32")
    model = product(train.n_items, chosen.hidden).to(card.device)
    training = Training(model, train, options, None, TrainingState())
    optimizers = training.prepared(stage)
    model.train()
    dice = torch.Generator(card.device).manual_seed(0)

    def halves() -> None:
        for _ in training.resident.batches(stage, dice):
            pass

    cutting = card.seconds(halves, repeats=3)
    batches = training.resident.batches(stage, dice)
    noise, rng = torch.Generator(card.device).manual_seed(1), np.random.default_rng(0)
    several, taken = list(zip(range(chosen.steps + 5), batches, strict=False)), []
    for number, batch in several:
        card.wait()
        started = time.perf_counter()
        training.step(stage, Turn(""), optimizers, batch, (rng, noise), number)
        card.wait()
        taken.append(time.perf_counter() - started)
    n_rows = len(several[0][1].bag)
    step = float(np.median(taken[min(5, len(taken) - 1) :]))
    weights = sum(each.numel() for each in model.parameters())
    pairs, n = len(several[0][1].bag.items), train.n_items
    print(f"| **{name}: {n:,} items, {weights / 1e6:.0f} million weights, {n_rows:,} rows** | | | | |")
    # A sort goes over keys and places about eight times; what it sorts is made and gathered beside that.
    once = card.row("A and B halves of an epoch: a sort, and slices", cutting, moved=350.0 * train.n_pairs)
    limit = parts(card, model, several[0][1], n_rows, pairs, n, weights, optimizers, stage)
    card.line("a step: all of these", step, f"{asked / STEPS * 1e3:.1f} ms", limit)
    card.line(f"an epoch: the halves and {STEPS} steps", cutting + STEPS * step, f"{asked} s", once + STEPS * limit)
    if on_card:
        print(f"| peak memory of the card | {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB | | | |")
        torch.cuda.reset_peak_memory_stats()


def parts(card: Card, model: Product, batch, n_rows: int, pairs: int, n: int, weights: int, optimizers, stage) -> float:
    """First layer, NEASE, trunk and heads, loss, optimiser, each alone; the seconds of their limits together."""
    flvae, nease, width = model.nets["flvae"], model.nets["nease"], model.nets["flvae"].settings.hidden
    autocast = torch.autocast(card.device.type, dtype=torch.bfloat16)
    first = flvae.first_layer(batch.bag).detach().requires_grad_()
    back = torch.randn(n_rows, width, device=card.device)
    limit = card.row(
        "first layer, forward and gradient",
        card.seconds(lambda: torch.autograd.grad(batch.bag.times(flvae.embed), flvae.embed, back)),
        moved=4.0 * (2 * pairs + 2 * n_rows + n) * width,
    )
    slope = torch.randn(n_rows, n, device=card.device)
    limit += card.row(
        "NEASE, forward and gradient",
        card.seconds(lambda: torch.autograd.grad(batch.bag.times(nease.W), nease.W, slope)),
        moved=4.0 * (2 * pairs + 2 * n_rows + n) * n,
    )
    dense = sum(m.weight.numel() for m in flvae.modules() if isinstance(m, torch.nn.Linear))

    def trunk() -> list[torch.Tensor]:
        with autocast:
            h = flvae.encoder(first)
            return list(flvae.decoded(flvae.mu(h) + flvae.log_variance(h)).values())

    def both() -> None:
        logits = trunk()
        torch.autograd.backward(logits, [torch.ones_like(each) for each in logits])

    limit += card.row("dense layers, forward and gradient", card.seconds(both), operations=6.0 * dense * n_rows)
    logits = [torch.randn(n_rows, n, device=card.device, dtype=kind).requires_grad_() for kind in (
        torch.float32, torch.bfloat16, torch.bfloat16)]  # fmt: skip
    limit += card.row(
        "focal loss and gradient",
        card.seconds(lambda: focal(logits, *batch.targets).backward()),
        moved=n_rows * n * (8 + 4 + 3 * 4 + 2 * 8.0),
    )

    for each in model.parameters():
        each.grad = torch.zeros_like(each)

    def move() -> None:
        for optimizer in optimizers.values():
            optimizer.step()

    moving.set_rates(optimizers, stage, 0.0, 0.0)
    return limit + card.row("optimiser", card.seconds(move), moved=28.0 * weights)


def inference(card: Card, model: Product, likes: Interactions) -> None:
    """Lists of all users, and a long history left out film by film."""
    print("| **answers** | | | | |")
    card.row(f"lists of 100 for {len(likes):,} users", card.seconds(lambda: model.best(likes, 100), 1), "3 s")
    history = np.sort(np.random.default_rng(0).choice(model.n_items, min(LONG, model.n_items // 2), replace=False))
    card.row(f"leave-one-out of {len(history)} films", card.seconds(lambda: influence(model, history)), "0.1 s")


def neighbours(card: Card, model: Product) -> None:
    """All one-hot inputs: the lists that a map needs, of every part, in full precision and by products in bf16."""
    n, flvae = model.n_items, model.nets["flvae"]
    k = layout.neighbours_for(n)
    heads = flvae.residual_head.weight.shape[1] + flvae.latent_head.weight.shape[1]
    trunk = sum(m.weight.numel() for m in flvae.modules() if isinstance(m, torch.nn.Linear)) - n * heads
    found = {}
    for kind in ("fp32", "bf16"):

        def lists(kind: str = kind) -> None:
            found[kind] = OnDevice(model, precision=kind).lists(["lift"], k)

        before = held(card)
        seconds = card.seconds(lists, repeats=3)
        # The trunk for every film, both heads for every pair; of NEASE every weight is read once.
        work = {"operations": 2.0 * n * (trunk + n * heads), "moved": 4.0 * n * n}
        card.row(f"all one-hot inputs, {k} neighbours, three parts, {kind}", seconds, "3 s", kind=kind, **work)
        if before is not None:
            print(f"| more memory at its peak | {(torch.cuda.max_memory_allocated() - before) / 2**30:.2f} GiB | | | |")
    for (part, _), exact in found["fp32"].items():
        rounded = found["bf16"][part, "lift"].places
        print(f"| of {part}'s {k} neighbours in fp32, those in bf16 too | {overlap(exact.places, rounded):.4f} | | | |")


def held(card: Card) -> int | None:
    """Bytes that the card holds now, from where its peak is counted anew; None on the CPU."""
    if card.device.type != "cuda":
        return None
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def overlap(lists: np.ndarray, others: np.ndarray) -> float:
    """Mean share of each list that is in the other, (n, k) each."""
    return float(np.mean([len(np.intersect1d(a, b)) / len(a) for a, b in zip(lists, others, strict=True)]))


if __name__ == "__main__":
    main()
