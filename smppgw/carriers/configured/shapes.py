"""The kinds of requests that a section asks for, put together from its keys. Pure."""

from smppgw.carriers.configured.body import with_each
from smppgw.carriers.configured.request import Shape
from smppgw.carriers.configured.section import Section
from smppgw.carriers.configured.tables import Ask


def send_shape(section: Section) -> Shape:
    """Return what a request that sends is like.

    Raises:
        ValueError: ``each`` has no place in the body.
    """
    body = section.body if section.each is None else with_each(section.body, section.each.at, section.each.item)
    return Shape(
        url=section.url,
        query=section.query or {},
        body=body,
        is_json=section.body_type == "json",
        charset=section.charset,
    )


def ask_shape(ask: Ask, charset: str) -> Shape:
    """Return what a question is like."""
    return Shape(url=ask.url, query=ask.query, body=ask.body, is_json=ask.body_type == "json", charset=charset)
