"""The dashboard: what imports Streamlit and is not a page."""
