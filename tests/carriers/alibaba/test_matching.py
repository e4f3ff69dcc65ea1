"""Texts and templates: what fits, what is meant when several fit, what almost fits, and how long it may take."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.carriers.alibaba import matching
from smppgw.carriers.alibaba.matching import TemplateSet
from smppgw.carriers.alibaba.search import MAX_STEPS, Budget, Search, straight
from smppgw.carriers.alibaba.templates import Match, NoMatch, Scene, Template

OTP = Template("SMS_1", "您的验证码为：${code}，请勿泄露于他人！", Scene.OTP)
SHIPPED = Template("SMS_2", "尊敬的${name}，您的订单${order}已发货，快递单号${no}。")
PROMOTION = Template("SMS_3", "${name}，本周全场${discount}折，拒收请回复R")
FIXED = Template("SMS_4", "今日休息。")
ALL = TemplateSet.of([OTP, SHIPPED, PROMOTION, FIXED])

VALUE = st.text(alphabet="ab，。您R1 ", min_size=1, max_size=35)


def template(content: str, **attributes: str) -> TemplateSet:
    return TemplateSet.of([Template("T", content, attributes=attributes)])


def found_in(templates: TemplateSet, text: str) -> tuple[str, dict[str, str]] | None:
    """Code and values, in short."""
    found = templates.match(text)
    return (found.template.code, dict(found.params)) if isinstance(found, Match) else None


@pytest.mark.parametrize(
    ("text", "code", "params"),
    [
        ("您的验证码为：12ab，请勿泄露于他人！", "SMS_1", {"code": "12ab"}),
        ("尊敬的李雷，您的订单A-17已发货，快递单号SF1。", "SMS_2", {"name": "李雷", "order": "A-17", "no": "SF1"}),
        ("李雷，本周全场8折，拒收请回复R", "SMS_3", {"name": "李雷", "discount": "8"}),
        ("今日休息。", "SMS_4", {}),
    ],
)
def test_a_text_finds_its_template_and_values(text: str, code: str, params: dict[str, str]) -> None:
    assert found_in(ALL, text) == (code, params)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "今日休息",
        "今日休息。 ",
        " 今日休息。",
        "您的验证码为:1234，请勿泄露于他人！",
        "您的验证码为：1234，请勿泄露于他人！\n",
        "您的验证码为：，请勿泄露于他人！",
    ],
)
def test_a_text_that_differs_in_one_character_fits_nothing(text: str) -> None:
    assert isinstance(ALL.match(text), NoMatch)


@pytest.mark.parametrize(
    ("code", "fits"),
    [("123", False), ("1234", True), ("ABCdef", True), ("1234567", False), ("12 4", False), ("１２３４", False)],
)
def test_a_password_has_four_to_six_letters_or_digits(code: str, fits: bool) -> None:
    found = ALL.match(f"您的验证码为：{code}，请勿泄露于他人！")

    assert isinstance(found, Match) is fits


@pytest.mark.parametrize(("length", "fits"), [(0, False), (1, True), (35, True), (36, False)])
def test_other_values_have_1_to_35_characters(length: int, fits: bool) -> None:
    found = template("a${x}b").match(f"a{'x' * length}b")

    assert isinstance(found, Match) is fits


@pytest.mark.parametrize(("text", "fits"), [("张三你好，张三再见", True), ("张三你好，李四再见", False)])
def test_a_variable_that_comes_twice_has_one_value(text: str, fits: bool) -> None:
    found = template("${name}你好，${name}再见").match(text)

    assert isinstance(found, Match) is fits


def test_the_values_of_a_repeated_variable_are_searched_until_they_agree() -> None:
    found = found_in(template("${a}-${b}-${a}"), "x-y-z-x-y")

    assert found == ("T", {"a": "x-y", "b": "z"})


def test_a_literal_inside_a_value_does_not_lead_astray() -> None:
    found = found_in(template("到${place}，共${n}元"), "到上海，共和新路，共5元")

    assert found == ("T", {"place": "上海", "n": "和新路，共5"})


def test_adjacent_variables_are_split_somehow_within_their_bounds() -> None:
    found = found_in(template("${a}${b}"), "x" * 70)

    assert found == ("T", {"a": "x" * 35, "b": "x" * 35})


def test_the_template_with_more_literal_characters_is_meant() -> None:
    loose, close = Template("A", "您的${x}"), Template("B", "您的订单${x}已发货")

    found = found_in(TemplateSet.of([loose, close]), "您的订单7已发货")

    assert found == ("B", {"x": "7"})


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_equal_templates_the_lower_code_is_taken(order: int) -> None:
    pair = [Template("SMS_9", "你好${x}"), Template("SMS_8", "你好${y}")][::order]

    found = found_in(TemplateSet.of(pair), "你好世界")

    assert found == ("SMS_8", {"y": "世界"})


@pytest.mark.parametrize("content", ["价格$5", "${}空", "${a", "a}", "$${a}b"])
def test_what_is_no_variable_is_literal(content: str) -> None:
    text = content.replace("${a}", "v")

    assert isinstance(template(content).match(text), Match)


@pytest.mark.parametrize(
    ("text", "nearest", "reason"),
    [
        ("尊敬的李雷，您的订单A-17已签收。", "SMS_2", "its literal text 3 of 4 does not follow"),
        (
            "您的验证码为：1，请勿泄露于他人！",
            "SMS_1",
            "a value does not fit its variable ${code}: 4 to 6 letters or digits",
        ),
        (
            "尊敬的，您的订单1已发货，快递单号2。",
            "SMS_2",
            "a value does not fit its variable ${name}: 1 to 35 characters",
        ),
        ("今日休息。明日再来", "SMS_4", "more text follows its last literal"),
        ("Hello", None, "begins like none of the 4 approved templates"),
        # A narrow colon for the wide one, an eager space.
        ("您的验证码为:1234，请勿泄露于他人！", "SMS_1", "it goes another way at character 7"),
        ("今日休 息。", "SMS_4", "it goes another way at character 4"),
        ("今日休息", "SMS_4", "it goes another way at character 5"),
    ],
)
def test_a_near_miss_is_explained_without_the_text(text: str, nearest: str | None, reason: str) -> None:
    assert ALL.match(text) == NoMatch(nearest, reason)


def test_without_templates_nothing_fits() -> None:
    assert TemplateSet().match("今日休息。") == NoMatch(None, "there is no approved template")


@given(st.sampled_from(ALL.templates), st.lists(VALUE, min_size=3, max_size=3), st.sampled_from(["1a2b", "000000"]))
@settings(deadline=None)
def test_rendering_a_match_gives_the_text_back(one: Template, values: list[str], password: str) -> None:
    is_otp = one.scene is Scene.OTP
    text = one.render(dict(zip(dict.fromkeys(one.names), [password] if is_otp else values, strict=False)))

    found = ALL.match(text)

    assert isinstance(found, Match)
    assert found.template.render(dict(found.params)) == text


@given(
    st.lists(st.sampled_from(["${a}", "${b}", "${c}", "x", "xx", "y"]), max_size=8).map("".join),
    st.text(alphabet="xy", max_size=40),
)
@settings(max_examples=300, deadline=None)
def test_the_straight_way_is_the_first_that_the_search_would_find(content: str, text: str) -> None:
    one = Template("T", content)

    params = straight(one, text) if text.startswith(one.literals[0]) else None

    assert params is None or params == Search(one, text, Budget()).params()


PIECES = st.lists(st.sampled_from(["${a}", "${b}", "x", "xy", "y", "z"]), max_size=6).map("".join)


@given(st.lists(PIECES, max_size=12), st.lists(PIECES, min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_the_index_finds_what_a_look_at_each_template_finds(contents: list[str], sources: list[str]) -> None:
    templates = TemplateSet.of(Template(f"T{n}", content) for n, content in enumerate(contents))
    text = "".join(sources).replace("${a}", "x").replace("${b}", "zy")

    fitting = [one.code for one in templates.templates if Search(one, text, Budget()).params() is not None]

    found = templates.match(text)
    assert (found.template.code if isinstance(found, Match) else None) == next(iter(fitting), None)


@given(
    st.lists(st.sampled_from(["${a}", "${b}", "${c}", "${d}", "x", "xx", "y"]), max_size=12).map("".join),
    st.text(alphabet="xy", max_size=200),
)
@settings(max_examples=200, deadline=None)
def test_a_match_always_renders_to_the_text_whatever_the_template(content: str, text: str) -> None:
    one = Template("T", content)

    found = TemplateSet.of([one]).match(text)

    assert isinstance(found, NoMatch) or one.render(dict(found.params)) == text


HOPELESS = [
    ("${a}${b}${a}${b}${d}${e}x${f}xx${f}", "x" * 240 + "y"),
    ("${a}x${b}x${c}x${d}x${e}x${f}x${a}", "x" * 200 + "yx"),
    ("".join(f"${{v{n % 60}}}" for n in range(160)), "xy" * 250),
]


@pytest.mark.parametrize(("content", "text"), HOPELESS)
def test_a_hopeless_search_is_given_up(content: str, text: str) -> None:
    found = template(content).match(text)

    assert found == NoMatch("T", f"gave up after {MAX_STEPS} steps")


@pytest.mark.parametrize(("content", "text"), HOPELESS)
def test_a_search_ends_within_its_budget(content: str, text: str) -> None:
    budget = Budget()

    assert Search(Template("T", content), text, budget).params() is None

    # The step that was not granted is the last one; it may have been a dear one, for the names that come again.
    assert -100 <= budget.left < 0


def test_many_hopeless_templates_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    budgets: list[Budget] = []

    def counted() -> Budget:
        budgets.append(Budget())
        return budgets[-1]

    monkeypatch.setattr(matching, "Budget", counted)
    content, text = HOPELESS[1]

    TemplateSet.of(Template(f"T{n}", content + "y" * (n % 5)) for n in range(200)).match(text)

    (budget,) = budgets
    assert -100 <= budget.left < 0


def test_templates_of_hundreds_of_literals_are_not_looked_through_for_ever() -> None:
    long = "".join(f"x${{v{n}}}" for n in range(150)) + "q${z}y"

    found = TemplateSet.of(Template(f"T{n}", long) for n in range(200)).match("x" * 499 + "y")

    assert isinstance(found, NoMatch)
    assert found.reason == f"gave up after {MAX_STEPS} steps"
