"""How well a model ranks the held-out part of unseen users' histories."""
