"""What the server runs: the dashboard's script, with a calm word for exceptions that nobody expected."""

from __future__ import annotations

from pathlib import Path
import sys

from starlette.middleware import Middleware
import streamlit as st

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # `streamlit run` puts only this file's folder on the path
    sys.path.insert(0, str(ROOT))

from app import faults  # noqa: E402
from app.opening import Opening  # noqa: E402

app = st.App(Path(__file__).with_name("main.py"), on_script_error=faults.show, middleware=[Middleware(Opening)])
