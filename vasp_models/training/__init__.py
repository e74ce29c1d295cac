"""How a model learns: stages, halves, losses, the loop."""
