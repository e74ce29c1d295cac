"""The page Diagnostics: is everything in order here?"""
