"""The page Film: what the model makes of one film."""
