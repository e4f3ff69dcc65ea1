"""Questions about the account's signatures and templates (2017-05-25)."""

from collections.abc import Sequence

import msgspec

from smppgw.simulators.alibaba.answers import GatewayError
from smppgw.simulators.alibaba.options import AlibabaOptions
from smppgw.simulators.alibaba.parameters import PAGE_SIZES, PAGES, Parameters, integer
from smppgw.simulators.alibaba.signatures import Signature
from smppgw.simulators.alibaba.templates import AUDIT_STATUS, Status, Template, TemplateType

_CREATED = "2024-01-15 11:05:25"
_INNER_TYPE = {TemplateType.OTP: 2, TemplateType.NOTIFICATION: 0, TemplateType.PROMOTIONAL: 1}
"""`TemplateType` of QuerySmsTemplateList, which numbers the kinds differently from everything else."""

SIGN_AUDIT_STATUS = AUDIT_STATUS | {Status.CANCELLED: "AUDIT_STATE_CANCEL"}
"""The list of signatures spells the last one right."""

Fields = dict[str, object]


class Catalogue:
    """Answers from the account's lists, which never change."""

    def __init__(self, options: AlibabaOptions) -> None:
        self._signatures = {signature.name: signature for signature in options.signatures}
        self._templates = {template.code: template for template in options.templates}

    def query_sms_sign_list(self, parameters: Parameters) -> Fields:
        """A page of signatures."""
        return _paged(parameters, "SmsSignList", [_signature_entry(each) for each in self._signatures.values()])

    def query_sms_template_list(self, parameters: Parameters) -> Fields:
        """A page of templates, approved or not."""
        return _paged(parameters, "SmsTemplateList", [_template_entry(each) for each in self._templates.values()])

    def get_sms_sign(self, parameters: Parameters) -> Fields:
        """One signature.

        Raises:
            GatewayError: 404, there is none.
        """
        signature = self._signatures.get(parameters["SignName"])
        if signature is None:
            raise GatewayError(404, "SignatureNotFound", "The signature does not exist.")
        return {
            "SignName": signature.name,
            "SignStatus": signature.status.value,
            "SignTag": "2",
            "CreateDate": _CREATED,
            "AuditInfo": {},
        }

    def get_sms_template(self, parameters: Parameters) -> Fields:
        """One template with the attributes of its variables.

        Raises:
            GatewayError: 404, there is none.
        """
        template = self._templates.get(parameters["TemplateCode"])
        if template is None:
            raise GatewayError(404, "TemplateNotFound", "The template does not exist.")
        return _template_details(template)


def _signature_entry(signature: Signature) -> Fields:
    return {
        "SignName": signature.name,
        "AuditStatus": SIGN_AUDIT_STATUS[signature.status],
        "BusinessType": signature.type.value,
        "CreateDate": _CREATED,
        "OrderId": "20049830000",
        "Reason": {},
    }


def _template_entry(template: Template) -> Fields:
    return {
        "TemplateCode": template.code,
        "TemplateName": f"模板{template.code}",
        "TemplateContent": template.content,
        "TemplateType": _INNER_TYPE[template.type],
        "OuterTemplateType": template.type.value,
        "AuditStatus": AUDIT_STATUS[template.status],
        "CreateDate": _CREATED,
        "OrderId": "20049830001",
        "Reason": {},
    }


def _template_details(template: Template) -> Fields:
    kind = "characterWithNumber" if template.type is TemplateType.OTP else "others"
    attributes = msgspec.json.encode(dict.fromkeys(template.variables, kind)).decode()
    return {
        "TemplateCode": template.code,
        "TemplateName": f"模板{template.code}",
        "TemplateContent": template.content,
        "TemplateType": str(template.type.value),
        "TemplateStatus": str(template.status.value),
        "TemplateTag": 2,
        "VariableAttribute": attributes + "\n",  # a published sample ends so
        "CreateDate": _CREATED,
        "OrderId": "20049830001",
        "AuditInfo": {},
    }


def _paged(parameters: Parameters, key: str, entries: Sequence[Fields]) -> Fields:
    size = integer(parameters, "PageSize", PAGE_SIZES, default=10)
    page = integer(parameters, "PageIndex", PAGES, default=1)
    shown = entries[(page - 1) * size : page * size]
    return {key: shown, "TotalCount": len(entries), "CurrentPage": page, "PageSize": size}
