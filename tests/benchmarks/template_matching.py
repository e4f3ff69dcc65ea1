"""`make bench`: the CPU it costs to find the template of a text, among 200. Figures, not assertions.

The contents are put together from the phrases of everyday templates; a third of the texts miss theirs by a little. The
worst cases are those that tests/carriers/alibaba/test_matching.py bounds in steps.
"""

import gc
import random
import re
import statistics
from collections.abc import Iterable, Sequence
from time import process_time

from smppgw.carriers.alibaba.matching import TemplateSet
from smppgw.carriers.alibaba.templates import VARIABLE, NoMatch, Template

TEMPLATES = 200
TEXTS = 6000

HEADS = ("您的验证码为：", "尊敬的", "您好，", "您的订单", "亲爱的会员", "温馨提示：", "", "您预约的", "您的快递")
MIDDLES = (
    "，请勿泄露于他人！", "，您的订单", "已发货，快递单号", "，将于", "前失效，", "已成功提交，", "元，余额",
    "，如有疑问请联系客服", "，感谢您的支持", "的申请已通过，编号",
)  # fmt: skip
TAILS = ("。", "，感谢您的使用！", "，请及时处理。", "，祝您生活愉快！")
VALUES = ("李雷", "A-17", "SF1234567890", "2024年5月6日", "100.00", "上海市", "3天")

WORST = {
    "a variable before a literal that comes all the time": (
        ["${a}x${b}x${c}x${d}x${e}x${f}x${a}" + "y" * (n % 5) for n in range(TEMPLATES)],
        "x" * 200 + "yx",
    ),
    "neighbouring variables that come again": (
        ["${a}${b}${a}${b}${d}${e}x${f}xx${f}"] * TEMPLATES,
        "x" * 240 + "y",
    ),
    "sixty variables, each of them three times": (
        ["".join(f"${{v{n % 60}}}x" for n in range(140))] * TEMPLATES,
        "x" * 499 + "y",
    ),
    "a hundred and fifty literals, one of them missing": (
        ["".join(f"x${{v{n}}}" for n in range(150)) + "q${z}y"] * TEMPLATES,
        "x" * 499 + "y",
    ),
}


def contents(draw: random.Random) -> Iterable[str]:
    """Make different contents of one to four variables."""
    made: dict[str, None] = {}
    while len(made) < TEMPLATES:
        pieces = [draw.choice(HEADS)]
        for number in range(draw.choice((1, 1, 2, 2, 3, 4))):
            pieces += [f"${{v{number}}}", draw.choice(MIDDLES)]
        made["".join([*pieces, draw.choice(TAILS)])] = None
    return made


def texts(templates: Sequence[Template], draw: random.Random) -> list[str]:
    """Fill templates in; every third text has a wrong character somewhere."""
    filled = [re.sub(VARIABLE, lambda _: draw.choice(VALUES), draw.choice(templates).content) for _ in range(TEXTS)]
    for number in range(0, TEXTS, 3):
        at = draw.randrange(len(filled[number]))
        filled[number] = filled[number][:at] + "错" + filled[number][at + 1 :]
    return filled


def measured(templates: TemplateSet, text: str) -> tuple[float, bool]:
    """Return microseconds of CPU, and whether the text found its template."""
    started = process_time()
    found = templates.match(text)
    return (process_time() - started) * 1e6, not isinstance(found, NoMatch)


def main() -> None:
    draw = random.Random(1)
    templates = TemplateSet.of(Template(f"SMS_{n}", content) for n, content in enumerate(contents(draw)))
    templates.match("warm")
    all_texts = texts(templates.templates, draw)
    gc.disable()  # a collection of everything that is imported here would be booked to the text that it meets
    times = [measured(templates, text) for text in all_texts]
    for name, chosen in (
        ("all", times),
        ("found", [t for t in times if t[1]]),
        ("missed", [t for t in times if not t[1]]),
    ):
        us = [each for each, _ in chosen]
        print(f"{name}: {len(us)} texts, mean {statistics.mean(us):.1f} us, longest {max(us):.0f} us")
    for name, (each, text) in WORST.items():
        hopeless = TemplateSet.of(Template(f"T{n}", content) for n, content in enumerate(each))
        hopeless.match("warm")
        print(f"{name}: {measured(hopeless, text)[0] / 1000:.1f} ms")


if __name__ == "__main__":
    main()
