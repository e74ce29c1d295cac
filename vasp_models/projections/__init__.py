"""Maps of the films: what a model answers to each film alone, as distances, as t-SNE, with the quality of both."""
