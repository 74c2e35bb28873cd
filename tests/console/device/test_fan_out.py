"""One stream to many browsers: order, bounds, and only the newest of what passes."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from andante_host.console.device.fan_out import MOST_WAITING, FanOut, LiveEvent

events = st.lists(
    st.builds(
        LiveEvent,
        name=st.sampled_from(["progress", "time", "notice", "state"]),
        data=st.integers(0, 9).map(str),
    ).map(lambda e: LiveEvent(e.name, e.data, passing=e.name in ("progress", "time"))),
    max_size=MOST_WAITING,
)


async def take_all(fan_out: FanOut, put: list[LiveEvent]) -> list[LiveEvent]:
    watcher = fan_out.join()
    for event in put:
        fan_out.put(event)
    taken: list[LiveEvent] = []
    try:
        async with asyncio.timeout(0.001):
            while True:
                taken.append(await watcher.next())
    except TimeoutError:
        return taken
    finally:
        fan_out.leave(watcher)


@given(put=events)
@settings(deadline=None, max_examples=60)
def test_a_slow_watcher_gets_all_that_lasts_in_order_and_the_newest_of_what_passes(
    put: list[LiveEvent],
) -> None:
    taken = asyncio.run(take_all(FanOut(), put))
    assert [e for e in taken if not e.passing] == [e for e in put if not e.passing]
    newest = {e.name: e for e in put if e.passing}
    assert {e.name: e for e in taken if e.passing} == newest
    assert len(taken) == len([e for e in put if not e.passing]) + len(newest)


def test_a_watcher_that_takes_nothing_costs_a_bounded_amount() -> None:
    put = [LiveEvent("notice", str(number)) for number in range(3 * MOST_WAITING)]
    taken = asyncio.run(take_all(FanOut(), put))
    assert taken == put[-MOST_WAITING:]


def test_who_has_left_gets_nothing_and_is_not_counted() -> None:
    async def run() -> None:
        fan_out = FanOut()
        first, second = fan_out.join(), fan_out.join()
        assert fan_out.watcher_count == 2
        fan_out.leave(first)
        fan_out.leave(first)
        fan_out.put(LiveEvent("notice", "1"))
        assert fan_out.watcher_count == 1
        assert (await second.next()).data == "1"

    asyncio.run(run())
