"""Which carriers may be pushed to, and what they must show."""

from smppgw.app.carriers import make_carriers
from smppgw.app.entrance import doors, pushers
from smppgw.carriers.alibaba import AlibabaConfig
from smppgw.carriers.http import Unobserved
from smppgw.carriers.loopback import LoopbackConfig
from smppgw.carriers.retarus import RetarusConfig
from smppgw.core.values import Secret
from smppgw.ops.clock import Clock

KEY = {"access_key_id": "x", "access_key_secret": Secret("x")}
CONFIGS = {
    "silent": AlibabaConfig.model_validate(KEY),
    "alibaba": AlibabaConfig.model_validate(KEY | {"push_secret": Secret("s" * 16), "push_from": "192.0.2.0/24"}),
    "retarus": RetarusConfig(username="x", password=Secret("x"), push_secret=Secret("r" * 16)),
    "loopback": LoopbackConfig(),
}


def test_only_carriers_that_can_read_pushes_get_to_read_them() -> None:
    carriers = make_carriers(CONFIGS, Clock(), Unobserved())

    assert set(pushers(carriers)) == {"silent", "alibaba", "retarus"}


def test_only_a_carrier_with_a_secret_has_a_door_and_it_is_its_own() -> None:
    found = doors(CONFIGS, make_carriers(CONFIGS, Clock(), Unobserved()))

    assert set(found) == {"alibaba", "retarus"}
    assert found["alibaba"].objection("s" * 16, "192.0.2.7") is None
    assert found["alibaba"].objection("s" * 16, "198.51.100.7") == "source"
    assert found["alibaba"].objection("r" * 16, "192.0.2.7") == "secret"
    assert found["retarus"].objection("r" * 16, "198.51.100.7") is None
    assert b'"code":0' in found["alibaba"].answer.body
