"""What the gateway does once, before it is ready."""

import gc

from smppgw.app.gateway import _leave_to_itself_what_is_loaded


def test_what_is_loaded_is_no_longer_looked_through_for_garbage() -> None:
    try:
        _leave_to_itself_what_is_loaded()

        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
