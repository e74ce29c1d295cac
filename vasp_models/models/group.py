"""Weights that training moves together: a part of a product, a net, or a piece of a net that has its own turn."""

from __future__ import annotations

from torch import nn

from vasp_models.training import processes


class Group(nn.Module):
    """Weights that an optimiser moves together."""

    def trunks(self) -> tuple[nn.Module, ...]:
        """Stretches of dense layers, which a compiler may join on a graphics card."""
        return ()

    def project(self) -> None:
        """Put the weights back on the constraint, after every step."""

    def spread(self, group: processes.Group) -> tuple[str, ...]:
        """Keep of weights that grow with the square of the catalogue this process's share; the names of those."""
        return ()

    def gather(self) -> None:
        """Bring the shares of all processes together again."""
