"""Reading threads: one person's sockets have some of them."""

import asyncio
import threading

from dashboards.read_pool import OF_ONE, in_thread, reader


class Reads:
    """Reads that begin, and wait until they are let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.until = threading.Event()
        self._changed = threading.Condition()

    async def read(self, who: str) -> None:
        reader.set(who)
        await in_thread(lambda: self._work(who))

    def _work(self, who: str) -> None:
        with self._changed:
            self.begun.append(who)
            self._changed.notify_all()
        self.until.wait(20)

    async def wait_for(self, who: str, many: int) -> None:
        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(lambda: self.begun.count(who) >= many, 20)

        assert await asyncio.to_thread(wait)


async def test_whoever_reads_much_leaves_threads_to_others() -> None:
    reads = Reads()
    many = [asyncio.create_task(reads.read("one")) for _n in range(8)]
    await reads.wait_for("one", OF_ONE)
    other = asyncio.create_task(reads.read("other"))
    await reads.wait_for("other", 1)
    assert reads.begun.count("one") == OF_ONE
    reads.until.set()
    await asyncio.gather(*many, other)
    assert reads.begun.count("one") == 8
