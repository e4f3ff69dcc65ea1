"""What a phone would show as a link, and where that leads."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.links import is_within, linked_hosts

FULL_STOPS = str.maketrans("。｡", "..")
LINKS = {
    "https://example.com": ["example.com"],
    "See HTTP://Example.COM/Path?q=1.": ["example.com"],
    "www.example.museum!": ["www.example.museum"],
    "pay at evil.com/x now": ["evil.com"],
    "(evil.de)": ["evil.de"],
    "bit.ly/3xY": ["bit.ly"],
    "evil.com:8080/x": ["evil.com"],
    "Link:evil.com": ["evil.com"],
    "ok.com,evil.com;bad.net": ["ok.com", "evil.com", "bad.net"],
    "https://ok.com@evil.com/": ["evil.com"],
    "https://ok.com:443@evil.com:443/": ["evil.com"],
    "https://evil.com\\@ok.com": ["evil.com"],
    "https://ok.com.evil.com": ["ok.com.evil.com"],
    "https://ok.com/go?to=https://evil.com": ["ok.com"],
    "evil.com/go?to=https://ok.com": ["evil.com"],
    "evil.com:https://ok.com": ["ok.com", "evil.com"],
    "ftp://evil.com": ["evil.com"],
    "https://1.2.3.4/": ["1.2.3.4"],
    "https://bücher.de": ["bücher.de"],
    "bücher.de": ["bücher.de"],
    "请点击evil.com查看": ["evil.com"],
    "https://例子.com": [""],
    "https://": [""],
    "https://evil。com": ["evil.com"],
    "ｅｖｉｌ．ｃｏｍ": ["evil.com"],
    "EVIL.COM": ["evil.com"],
    "evil.Com/x": ["evil.com"],
}  # fmt: skip
NO_LINKS = (
    "", "Bis morgen.In Eile", "am 24.12.2026 um 10.30", "z.B. u.a. d.h.", "1.234,50 EUR", "info@example.com", "3.14",
    "...", "Ende.danach", "a.b", "-.de", "Nr.12", "https:/example", "version 1.2.3",
)  # fmt: skip


@pytest.mark.parametrize(("text", "hosts"), LINKS.items())
def test_a_link_is_found_with_its_host(text: str, hosts: list[str]) -> None:
    assert linked_hosts(text) == hosts


def test_what_is_no_link_is_none() -> None:
    assert [text for text in NO_LINKS if linked_hosts(text)] == []


@given(st.text(), st.text("abc.:/@?#\\-_ wW。.comdeé短", max_size=60))
def test_whatever_is_written_hosts_are_parts_of_it_in_lower_case(any_text: str, tricky: str) -> None:
    for text in (any_text, tricky):
        for host in linked_hosts(text):
            assert host == host.lower()
            assert host in unicodedata.normalize("NFKC", text).translate(FULL_STOPS).lower()


@given(
    st.sampled_from(["", "https://", "www.", "http://user:secret@"]), st.sampled_from(["", ":8080", "/x", "?q=1", "."])
)
def test_a_plain_link_is_never_missed_whatever_stands_around_it(before: str, after: str) -> None:
    for around in ("{}", "see {} now", "({})", '"{}"', "短{}信", "a,{};b", "x\n{}\ty"):
        hosts = linked_hosts(around.format(f"{before}evil.com{after}"))

        assert [host.removeprefix("www.") for host in hosts] == ["evil.com"]


@pytest.mark.parametrize("host", ["example.com", "a.example.com", "a.b.example.com", "localhost"])
def test_a_subdomain_is_within_its_domain(host: str) -> None:
    assert is_within(host, {"example.com", "localhost"})


@pytest.mark.parametrize("host", ["", "com", "anexample.com", "example.com.evil.com", "example.org"])
def test_what_only_looks_alike_is_not(host: str) -> None:
    assert not is_within(host, {"example.com", "localhost"})
