"""The same connections on one event loop."""

import asyncio
from random import Random

import pytest

from rawkit.endpoint.awaiting import AsyncListening, AsyncStream
from rawkit.endpoint.conversation import Conversation
from rawkit.endpoint.host import Host
from rawkit.endpoint.loop_driver import LoopDriver
from rawkit.errors import ConnectionFailed, NoAnswer
from rawkit.tcp.flow import Flow
from rawkit.tcp.listener import Listener
from tests.endpoint.hosts import HERE, PORT, QUICK, THERE, hosts

BODY = Random(1).randbytes(200_000)


def listening(host: Host) -> AsyncListening:
    listener = Listener(QUICK)
    host.listen(THERE, PORT, listener)
    return AsyncListening(LoopDriver(host), listener, THERE, PORT)


async def connecting(host: Host, driver: LoopDriver, port: int) -> AsyncStream:
    flow = Flow(HERE, port, THERE, PORT)
    conversation = Conversation(host, host.connect(flow, QUICK), flow)
    driver.settle()
    await driver.until(conversation.opened, 5.0, "no answer")
    return AsyncStream(driver, conversation, owns=False)


async def echo(waiting: AsyncListening, count: int) -> None:
    async def serve(stream: AsyncStream) -> None:
        async with stream:
            await stream.sendall(await stream.recv_all())

    async with asyncio.TaskGroup() as tasks:
        for _ in range(count):
            tasks.create_task(serve(await waiting.accept()))


async def echoed(client: Host, server: Host, count: int) -> list[bytes]:
    waiting, driver = listening(server), LoopDriver(client)

    async def ask(port: int) -> bytes:
        async with await connecting(client, driver, port) as stream:
            await stream.sendall(BODY)
            stream.shutdown()
            return await stream.recv_all()

    serving = asyncio.create_task(echo(waiting, count))
    answers = await asyncio.gather(*(ask(40000 + number) for number in range(count)))
    await serving
    waiting.stop()
    driver.stop()
    return answers


def test_many_connections_share_a_loop() -> None:
    client, server = hosts()

    answers = asyncio.run(echoed(client, server, 20))

    assert answers == [BODY] * 20


def test_waiting_for_nobody_comes_to_an_end() -> None:
    async def wait() -> None:
        waiting = listening(hosts()[1])
        try:
            waiting.timeout = 0.05
            await waiting.accept()
        finally:
            waiting.stop()

    with pytest.raises(NoAnswer, match=r"nobody connected in 0.05 s"):
        asyncio.run(wait())


def test_a_reset_wakes_the_reader() -> None:
    async def reset() -> None:
        client, server = hosts()
        waiting, driver = listening(server), LoopDriver(client)
        stream = await connecting(client, driver, 40000)
        (await waiting.accept()).abort()
        try:
            await stream.recv()
        finally:
            waiting.stop()
            driver.stop()

    with pytest.raises(ConnectionFailed, match="reset by the other side"):
        asyncio.run(reset())


def test_whoever_waits_for_a_client_is_told_of_the_end() -> None:
    async def wait() -> None:
        waiting = listening(hosts()[1])
        accepting = asyncio.create_task(waiting.accept())
        await asyncio.sleep(0)
        waiting.close()
        await accepting

    with pytest.raises(ConnectionFailed, match="port 80: closed"):
        asyncio.run(wait())


def test_whoever_gave_up_waiting_leaves_nothing_behind() -> None:
    async def wait() -> None:
        client, server = hosts()
        waiting, driver = listening(server), LoopDriver(client)
        stream = await connecting(client, driver, 40000)
        stream.timeout = 0.01
        for _ in range(3):
            with pytest.raises(NoAnswer, match=r"nothing came in 0.01 s"):
                await stream.recv()
        reading = [asyncio.create_task(stream.recv()) for _ in range(2)]
        await asyncio.sleep(0)
        reading[0].cancel()
        (await waiting.accept()).abort()
        with pytest.raises(ConnectionFailed, match="reset by the other side"):
            await reading[1]
        assert reading[0].cancelled()
        assert not driver._waiting
        waiting.stop()
        driver.stop()

    asyncio.run(wait())


def test_an_answer_takes_the_acknowledgment_along() -> None:
    async def answer() -> int:
        client, server = hosts()
        waiting, driver = listening(server), LoopDriver(client)
        stream = await connecting(client, driver, 40000)
        there = await waiting.accept()
        await stream.sendall(b"question")
        before = there.info.counters.segments_out
        await there.sendall(await there.recv())
        assert await stream.recv() == b"question"
        sent = there.info.counters.segments_out - before
        waiting.stop()
        driver.stop()
        return sent

    assert asyncio.run(answer()) == 1
