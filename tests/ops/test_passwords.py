"""Passwords: right and wrong ones, remembered and repeated ones, and ids that do not exist."""

import asyncio
from collections.abc import Iterator

import argon2
import pytest

from smppgw.ops import passwords
from smppgw.ops.passwords import Passwords, UncheckedError, hash_password

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SALT = b"the same in every process"
LEGACY = CHEAP.hash("secret", salt=SALT)


class Counted:
    """Stands in for argon2 and counts."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, password_hash: str, password: str) -> bool:
        self.asked.append((password_hash, password))
        return (password_hash, password) == (LEGACY, "secret")


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted()
    monkeypatch.setattr(passwords, "_matches", counted)
    return counted


@pytest.fixture
def book() -> Iterator[Passwords]:
    book = Passwords()
    yield book
    book.close()


@pytest.mark.parametrize(
    ("password", "password_hash", "right"),
    [
        ("secret", LEGACY, True),
        ("Secret", LEGACY, False),
        ("", LEGACY, False),
        ("secret", None, False),
        ("secret", "$argon2id$nonsense", False),
        ("pässwörd", CHEAP.hash("pässwörd", salt=SALT), True),
        ("\udcff", LEGACY, False),
    ],
)
async def test_only_the_right_password_is_right(
    book: Passwords, password: str, password_hash: str | None, right: bool
) -> None:
    assert await book.verify("legacy", password, password_hash) is right


@pytest.mark.parametrize(
    "fault", [argon2.exceptions.VerificationError("Memory allocation error"), MemoryError()], ids=["argon2", "Python"]
)
async def test_without_memory_a_password_is_neither_right_nor_wrong(
    book: Passwords, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    class Exhausted:
        def verify(self, *_: object) -> bool:
            raise fault

    with monkeypatch.context() as patched:
        patched.setattr(passwords, "_HASHER", Exhausted())
        with pytest.raises(UncheckedError, match=r"(?i)memory"):
            await book.verify("legacy", "secret", LEGACY)

    assert await book.verify("legacy", "secret", LEGACY)


async def test_without_a_thread_too(book: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(book._pool, "submit", no_thread)
        with pytest.raises(UncheckedError, match="thread"):
            await book.verify("legacy", "secret", LEGACY)

    assert await book.verify("legacy", "secret", LEGACY)


def test_a_hash_is_argon2id_with_the_agreed_cost() -> None:
    parameters = argon2.extract_parameters(hash_password("secret"))

    assert parameters.type is argon2.Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19456, 2, 1)


async def test_a_right_password_is_hashed_once(book: Passwords, hashing: Counted) -> None:
    answers = [await book.verify("legacy", "secret", LEGACY) for _ in range(3)]

    assert answers == [True, True, True]
    assert len(hashing.asked) == 1


async def test_a_storm_of_equal_binds_is_hashed_once(book: Passwords, hashing: Counted) -> None:
    answers = await asyncio.gather(*(book.verify("legacy", "secret", LEGACY) for _ in range(50)))

    assert answers == [True] * 50
    assert len(hashing.asked) == 1


async def test_a_wrong_password_is_hashed_every_time(book: Passwords, hashing: Counted) -> None:
    for _ in range(3):
        await book.verify("legacy", "guess", LEGACY)

    assert len(hashing.asked) == 3


async def test_an_unknown_id_costs_a_hash_and_is_never_right(book: Passwords, hashing: Counted) -> None:
    answers = [await book.verify("nobody", "secret", None) for _ in range(3)]

    assert answers == [False, False, False]
    assert len(hashing.asked) == 3


async def test_an_unknown_id_is_not_right_even_where_the_hash_would_match(
    book: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_matches", lambda _hash, _password: True)

    answers = [await book.verify("nobody", "secret", None) for _ in range(2)]

    assert answers == [False, False]


async def test_a_new_hash_forgets_the_old_password(book: Passwords, hashing: Counted) -> None:
    await book.verify("legacy", "secret", LEGACY)

    assert await book.verify("legacy", "secret", CHEAP.hash("other")) is False


async def test_a_peer_that_goes_away_does_not_take_the_answer_with_it(book: Passwords, hashing: Counted) -> None:
    gone = asyncio.create_task(book.verify("legacy", "secret", LEGACY))
    stays = asyncio.create_task(book.verify("legacy", "secret", LEGACY))
    await asyncio.sleep(0)

    gone.cancel()

    assert await stays is True
    assert gone.cancelled()


async def test_what_is_remembered_has_an_end(
    book: Passwords, hashing: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "REMEMBERED", 2)
    for system_id in ("a", "b", "c", "a"):
        await book.verify(system_id, "secret", LEGACY)

    assert len(hashing.asked) == 4


async def test_no_password_is_kept(book: Passwords) -> None:
    await book.verify("legacy", "secret", LEGACY)

    assert b"secret" not in b"".join(book._right)
    assert all(len(kept) == 32 for kept in book._right)
