"""Who messages may be from."""

import pytest

from smppgw.simulators.alibaba.answers import BusinessError
from smppgw.simulators.alibaba.signatures import Signature, Signatures, SignatureType, check_scene
from smppgw.simulators.alibaba.templates import Status, Template, TemplateType

OTP_ONLY = Signature(name="验证", type=SignatureType.OTP)


@pytest.mark.parametrize("name", ["Example", "EXAMPLE"])
def test_an_approved_one_signs_whatever_its_case(name: str) -> None:
    assert Signatures((Signature(name="Example"),)).check(name).name == "Example"


@pytest.mark.parametrize("status", [Status.IN_REVIEW, Status.REJECTED, Status.CANCELLED])
def test_one_that_is_not_approved_does_not(status: Status) -> None:
    with pytest.raises(BusinessError, match=r"isv\.SMS_SIGNATURE_ILLEGAL"):
        Signatures((Signature(name="Example", status=status),)).check("Example")


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_with_one_name_the_general_one_signs(order: int) -> None:
    both = (Signature(name="验证"), OTP_ONLY)[::order]

    assert Signatures(both).check("验证").type is SignatureType.GENERAL


@pytest.mark.parametrize("kind", TemplateType)
def test_one_for_passwords_signs_nothing_else(kind: TemplateType) -> None:
    template = Template(code="SMS_1", type=kind, content="x")

    if kind is TemplateType.OTP:
        check_scene(OTP_ONLY, template)
    else:
        with pytest.raises(BusinessError, match=r"isv\.SMS_SIGNATURE_SCENE_ILLEGAL"):
            check_scene(OTP_ONLY, template)
