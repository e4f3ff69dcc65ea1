"""`python -m smppgw`."""

from smppgw.cli import main

main(prog_name="smppgw")
