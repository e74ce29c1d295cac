"""The page Compare: which of several checkpoints on the same data ranks best, for whom, and with which films?"""
