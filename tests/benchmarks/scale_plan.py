"""What a catalogue and an audience of any size would take: bytes, seconds and machines, reckoned from measured rates.

    python tests/benchmarks/scale_plan.py [--users 100000000 --items 1000000 --likes 100 --cards 8 --cores 64]

Nothing is measured here. Each rate below says where it was measured, or that it is a data sheet's; each row of the
table says by which formula it was reckoned. docs/scale.md holds the table of the sizes that are the defaults.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

# Measured on one core of a shared Intel Xeon (model 207), docs/results.md: "Larger catalogues", "All users at once".
SPARSE_SECONDS, SPARSE_ITEMS, SPARSE_LIKES = 176.0, 1_000_000, 20_000_000  # closed form of the sparse path
LISTS_SECONDS = 0.0715  # a list of 100 among a million items by `large`, its two parts together
REASONS_SECONDS = 0.0105  # the exact shares of one history in 20 of them
BYTES_OF_A_LIST = 6_930  # of a user's row in the Parquet files of `vasp-lens score`, 100 items with linear reasons
MAP_SECONDS, MAP_FILMS = 110.0, 20_108
ADD_SECONDS = 43.0 / 1_005  # a film laid on a drawn map

# An H200's data sheet, and the half of it that dense layers of this width commonly reach. Not measured here.
CARD_BYTES, CARD_BANDWIDTH, CARD_RATE = 141e9, 4.8e12, 989e12
REACHED = 0.5
LINK = 450e9  # bytes a second each way between the cards of a machine
LATENTS, HIDDEN, NEIGHBOURS, EPOCHS = 64, 256, 100, 49  # of the preset `large`
ROWS, USERS_A_STEP = 2_048, 1_024
SAMPLE = 5_000_000  # users, more than such a model needs to learn from
MOVES = 7 * 4  # bytes a weight that Nadam reads and writes in a step: weight, gradient, two moments
CELL = 24  # bytes a score that a step moves: two logits in bf16, the sparse one, slope and gradients in fp32


@dataclass(frozen=True)
class Size:
    """Users, items and likes a user."""

    users: int
    items: int
    likes: int
    cards: int
    cores: int


def main() -> None:
    """Print the table of one size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=100_000_000)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--likes", type=int, default=100, help="of a user")
    parser.add_argument("--cards", type=int, default=8)
    parser.add_argument("--cores", type=int, default=64, help="of a machine without cards")
    print(table(Size(**vars(parser.parse_args()))))


def table(size: Size) -> str:
    """The rows as Markdown."""
    lines = ["| what | reckoned | by |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {what} | {value} | {how} |" for what, value, how in rows(size))])


def rows(size: Size) -> Iterator[tuple[str, str, str]]:
    """What, how much, and how it was reckoned."""
    pairs = size.users * size.likes
    yield "histories in memory maps", bytes_of(4 * pairs + 8 * size.users), "4 bytes a like, 8 a user"
    yield "NEASE's matrix", bytes_of(4 * size.items**2), "4 bytes x items²"
    yield "the same in training", bytes_of(16 * size.items**2), "weight, gradient, two moments"
    needed = -(-16 * size.items**2 // int(CARD_BYTES * 0.8))
    yield "cards that hold it in columns", f"{needed:,}", f"over .8 x {CARD_BYTES / 1e9:.0f} GB"
    yield "sparse path instead", bytes_of(8 * NEIGHBOURS * size.items), f"{NEIGHBOURS} weights an item, 8 bytes each"
    yield from _training(size)
    yield from _answering(size)
    yield from _maps(size)


def _training(size: Size) -> Iterator[tuple[str, str, str]]:
    weights = size.items * (2 * HIDDEN + LATENTS)  # first layer and both heads; all else is small
    yield "its FLVAE (256 and 64)", bytes_of(4 * weights), "4 bytes x items x (256 + 256 + 64)"
    yield "the same in training, on each card", bytes_of(16 * weights), "weight, gradient, two moments"
    multiplied = 6 * ROWS * size.items * (HIDDEN + LATENTS) / (REACHED * CARD_RATE)
    moved = (ROWS * size.items * CELL + weights * MOVES) / (REACHED * CARD_BANDWIDTH)
    yield "a step of 2,048 rows on a card: products", seconds(multiplied), "6 x rows x items x (256 + 64) operations"
    yield "a step on a card: bytes", seconds(moved), f"{CELL} a score, {MOVES} a weight"
    yield "scores of a step and their gradients", bytes_of(ROWS * size.items * CELL), f"{CELL} a score"
    yield "the same with `rows_at_once=512`", bytes_of(512 * size.items * CELL), "a quarter of the rows"
    sent = 2 * 4 * weights / LINK
    yield f"a step on {size.cards} cards: gradients", seconds(sent), "twice their bytes over the link"
    steps = -(-size.users // USERS_A_STEP)
    one, many = steps * (multiplied + moved), steps / size.cards * (multiplied + moved + sent)
    yield "an epoch of all users, one card", seconds(one), f"{steps:,} steps"
    yield f"an epoch of all users, {size.cards} cards", seconds(many), "the same steps shared"
    yield f"{EPOCHS} epochs of all users, {size.cards} cards", seconds(EPOCHS * many), "the schedule of `large`"
    sample = min(1.0, SAMPLE / size.users)
    yield f"{EPOCHS} epochs of a sample, {size.cards} cards", seconds(EPOCHS * many * sample), f"{SAMPLE:,} users"
    learnt = min(size.users, SAMPLE) * size.likes
    closed = SPARSE_SECONDS * max(1.0, learnt / SPARSE_LIKES) * size.items / SPARSE_ITEMS
    yield "the sparse path's closed form of the sample, one core", seconds(closed), "measured, by likes and items"


def _answering(size: Size) -> Iterator[tuple[str, str, str]]:
    alone = (LISTS_SECONDS + REASONS_SECONDS) * size.items / SPARSE_ITEMS * size.users
    yield "lists of 100 with reasons for all, one core", seconds(alone), "measured a user, by items"
    yield f"the same, a machine of {size.cores} cores", seconds(alone / size.cores), "workers share nothing but files"
    machines = -(-alone // (size.cores * 8 * 3600))
    yield f"machines of {size.cores} cores for a night of 8 hours", f"{machines:,.0f}", "the same"
    yield "Parquet of lists, factors and reasons", bytes_of(BYTES_OF_A_LIST * size.users), "measured a user"


def _maps(size: Size) -> Iterator[tuple[str, str, str]]:
    yield f"a map of the {MAP_FILMS:,} most liked", seconds(MAP_SECONDS), "measured"
    rest = max(0, size.items - MAP_FILMS)
    yield "all others laid on it, one core", seconds(ADD_SECONDS * rest), "measured a film"


def bytes_of(number: float) -> str:
    """Bytes in the unit that suits."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= scale:
            return f"{number / scale:,.3g} {unit}"
    return f"{number:,.0f} B"


def seconds(number: float) -> str:
    """Seconds in the unit that suits."""
    for unit, scale in (("days", 86_400), ("hours", 3_600), ("min", 60), ("s", 1)):
        if number >= 1.5 * scale or unit == "s" and number >= 1:
            return f"{number / scale:,.3g} {unit}"
    return f"{1e3 * number:,.3g} ms"


if __name__ == "__main__":
    main()
