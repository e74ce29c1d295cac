"""The page Profile lab: what if the history were different?"""
