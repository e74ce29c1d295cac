"""The report for stakeholders: one HTML file, drawn with the figures and said with the words of the pages."""
