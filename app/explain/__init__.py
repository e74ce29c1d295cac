"""The page Explain: why this film?"""
