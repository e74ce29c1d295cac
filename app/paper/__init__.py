"""The page Paper: do the documents' claims hold?"""
