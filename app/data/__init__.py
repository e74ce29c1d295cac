"""The page Data: what was the model trained on?"""
