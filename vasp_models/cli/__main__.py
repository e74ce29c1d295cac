"""`python -m vasp_models.cli` is `vasp-lens`."""

from vasp_models.cli import main

main()
