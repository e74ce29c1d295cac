"""The page Explanation quality: are the reasons real?"""
