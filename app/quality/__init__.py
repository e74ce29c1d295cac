"""The page Quality: who is served well, and by which part of the model?"""
