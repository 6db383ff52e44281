"""Places: so many work at a time, and who waits leaves its place."""

from __future__ import annotations

import asyncio

from sdkit.places import Places, waited


def test_so_many_work_at_a_time() -> None:
    async def main() -> int:
        places, running, most = Places(3), 0, 0

        async def work() -> None:
            nonlocal running, most
            async with places.one():
                running += 1
                most = max(most, running)
                await asyncio.sleep(0.01)
                running -= 1

        await asyncio.gather(*(work() for _ in range(10)))
        return most

    assert asyncio.run(main()) == 3


def test_who_waits_leaves_the_place_and_comes_back_before_those_who_have_not_begun() -> None:
    async def main() -> list[str]:
        places, done = Places(1), []

        async def waiter() -> None:
            async with places.one():
                done.append("asks")
                await waited(0.02)
                done.append("asks again")

        async def other(name: str) -> None:
            async with places.one():
                await asyncio.sleep(0.03)
                done.append(name)

        await asyncio.gather(waiter(), *(other(name) for name in "ABC"))
        return done

    assert asyncio.run(main()) == ["asks", "A", "asks again", "B", "C"]


def test_who_is_cancelled_takes_no_place_along() -> None:
    async def main() -> str:
        places = Places(1)

        async def holder() -> None:
            async with places.one():
                await waited(10)

        async def queued() -> str:
            async with places.one():
                return "had a place"

        first = asyncio.ensure_future(holder())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        second, third = asyncio.ensure_future(queued()), asyncio.ensure_future(queued())
        await asyncio.sleep(0)
        second.cancel()
        first.cancel()
        return await asyncio.wait_for(third, 1)

    assert asyncio.run(main()) == "had a place"


def test_without_places_it_just_waits() -> None:
    asyncio.run(waited(0.001))
