"""`python -m archlab` is `archlab`."""

from archlab.cli.app import main

main()
