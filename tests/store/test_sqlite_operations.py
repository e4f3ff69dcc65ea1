"""SQLite keeps the contract of stores about questions of ESMEs."""

from tests.store.operations_contract import (  # noqa: F401 - pytest collects them here
    TestCancellingByAddress,
    TestCancellingByName,
    TestFinding,
    TestReplacing,
)
