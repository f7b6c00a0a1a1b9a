"""Blocking code lives on virtual time: sleep, locks, queues, threads, thread pools, sockets."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import http.client
import queue
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable

import pytest

from harness.errors import Deadlock, UsageError
from harness.simulation.tls import authority
from harness.simulation.world import World, run


def in_a_thread(body: Callable[[], object]) -> object:
    """The result of `body()`, run in a thread of a simulated process."""

    async def main(world: World) -> object:
        results: list[object] = []

        async def program() -> None:
            results.append(await asyncio.to_thread(body))

        process = world.spawn("program", program)
        code = await process.wait()
        assert code == 0, process.error
        return results[0]

    return run(main)


def start(target: Callable[..., object], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments)
    thread.start()
    return thread


def test_sleep_takes_virtual_time() -> None:
    def body() -> float:
        time.sleep(3600)
        return time.monotonic()

    assert in_a_thread(body) == 3600


def test_two_threads_sleep_side_by_side() -> None:
    def body() -> float:
        for thread in [start(time.sleep, 60), start(time.sleep, 100)]:
            thread.join()
        return time.monotonic()

    assert in_a_thread(body) == 100


@pytest.mark.parametrize("name", ["Lock", "RLock"])
def test_a_lock_keeps_a_second_thread_waiting(name: str) -> None:
    def body() -> list[float]:
        lock = getattr(threading, name)()
        taken: list[float] = []

        def use() -> None:
            with lock:
                taken.append(time.monotonic())
                time.sleep(10)

        for thread in [start(use), start(use), start(use)]:
            thread.join()
        return taken

    assert in_a_thread(body) == [0, 10, 20]


def test_a_lock_is_given_up_after_the_timeout() -> None:
    def body() -> tuple[bool, float]:
        lock = threading.Lock()
        lock.acquire()
        start(lambda: lock.acquire(timeout=-1))
        return lock.acquire(timeout=5), time.monotonic()

    assert in_a_thread(body) == (False, 5)


def test_a_reentrant_lock_lets_its_own_thread_in_again() -> None:
    def body() -> bool:
        lock = threading.RLock()
        with lock, lock:
            return True

    assert in_a_thread(body)


def test_an_event_wakes_who_waits() -> None:
    def body() -> tuple[bool, float]:
        event = threading.Event()
        threading.Timer(30, event.set).start()
        return event.wait(100), time.monotonic()

    assert in_a_thread(body) == (True, 30)


def test_waiting_for_an_event_ends_with_its_timeout() -> None:
    assert in_a_thread(lambda: (threading.Event().wait(7), time.monotonic())) == (False, 7)


def test_a_condition_hands_over() -> None:
    def body() -> tuple[list[int], float]:
        condition, items = threading.Condition(), list[int]()

        def produce() -> None:
            time.sleep(5)
            with condition:
                items.append(1)
                condition.notify()

        start(produce)
        with condition:
            condition.wait_for(lambda: bool(items))
        return items, time.monotonic()

    assert in_a_thread(body) == ([1], 5)


def test_a_semaphore_lets_so_many_in() -> None:
    def body() -> float:
        semaphore = threading.Semaphore(2)

        def use() -> None:
            with semaphore:
                time.sleep(10)

        for thread in [start(use) for _ in range(6)]:
            thread.join()
        return time.monotonic()

    assert in_a_thread(body) == 30


def test_a_barrier_waits_for_all() -> None:
    def body() -> list[float]:
        barrier, passed = threading.Barrier(3), list[float]()

        def use(seconds: float) -> None:
            time.sleep(seconds)
            barrier.wait()
            passed.append(time.monotonic())

        for thread in [start(use, seconds) for seconds in (1, 2, 9)]:
            thread.join()
        return passed

    assert in_a_thread(body) == [9, 9, 9]


@pytest.mark.parametrize("name", ["Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"])
def test_a_queue_blocks_its_reader_until_something_comes(name: str) -> None:
    def body() -> tuple[object, float]:
        waiting = getattr(queue, name)()

        def put() -> None:
            time.sleep(4)
            waiting.put("item")

        start(put)
        return waiting.get(), time.monotonic()

    assert in_a_thread(body) == ("item", 4)


def test_an_empty_queue_gives_up_after_the_timeout() -> None:
    def body() -> float:
        with contextlib.suppress(queue.Empty):
            queue.Queue[int]().get(timeout=12)
        return time.monotonic()

    assert in_a_thread(body) == 12


def test_a_full_queue_blocks_its_writer() -> None:
    def body() -> float:
        waiting = queue.Queue[int](maxsize=1)
        waiting.put(1)
        threading.Timer(3, waiting.get).start()
        waiting.put(2)
        return time.monotonic()

    assert in_a_thread(body) == 3


def test_thread_locals_and_identity_are_of_the_simulated_thread() -> None:
    def body() -> list[tuple[str, bool]]:
        local, seen, idents = threading.local(), list[tuple[str, bool]](), set[int]()

        def use(name: str) -> None:
            local.name = name
            idents.add(threading.get_ident())
            time.sleep(1)
            seen.append((local.name, threading.current_thread().name == name))

        threads = [threading.Thread(target=use, args=(name,), name=name) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(idents) == 2
        return sorted(seen)

    assert in_a_thread(body) == [("a", True), ("b", True)]


def test_a_thread_pool_works_side_by_side() -> None:
    def body() -> tuple[list[int], float]:
        def square(number: int) -> int:
            time.sleep(10)
            return number * number

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            return list(pool.map(square, range(6))), time.monotonic()

    assert in_a_thread(body) == ([0, 1, 4, 9, 16, 25], 20)


def test_no_event_loop_runs_in_a_thread() -> None:
    def body() -> str:
        time.sleep(1)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return "none"
        return "one"

    assert in_a_thread(body) == "none"


def test_a_thread_may_run_an_event_loop_of_its_own() -> None:
    async def inner() -> str:
        server = await asyncio.start_server(lambda r, w: w.close(), "0.0.0.0", 9)
        reader, writer = await asyncio.open_connection("127.0.0.1", 9)
        await asyncio.sleep(20)
        assert await reader.read() == b""
        writer.close()
        server.close()
        return "done"

    assert in_a_thread(lambda: (asyncio.run(inner()), round(time.monotonic()))) == ("done", 20)


def test_a_call_from_a_thread_reaches_the_loop() -> None:
    async def main(world: World) -> object:
        async def program() -> None:
            loop = asyncio.get_running_loop()

            async def work() -> str:
                await asyncio.sleep(5)
                return "from the loop"

            def body() -> str:
                return asyncio.run_coroutine_threadsafe(work(), loop).result()

            assert await asyncio.to_thread(body) == "from the loop"

        process = world.spawn("program", program)
        assert await process.wait() == 0, process.error
        return world.loop.time()

    assert run(main) == 5


def test_blocking_on_the_loop_stops_its_own_process_and_no_other() -> None:
    ticks: dict[str, list[float]] = {"blocker": [], "other": []}

    async def tick(name: str) -> None:
        while True:
            await asyncio.sleep(1)
            ticks[name].append(time.monotonic())

    async def main(world: World) -> None:
        async def blocker() -> None:
            task = asyncio.create_task(tick("blocker"))
            await asyncio.sleep(2.5)
            time.sleep(10)
            await asyncio.sleep(0.25)
            task.cancel()

        world.spawn("other", lambda: tick("other"))
        assert await world.spawn("blocker", blocker).wait() == 0

    run(main)
    assert ticks["blocker"] == [1, 2, 12.5]
    assert ticks["other"] == [float(second) for second in range(1, 13)]


def test_two_processes_may_block_their_loops_at_once_and_wake_in_any_order() -> None:
    async def main(world: World) -> list[tuple[str, float]]:
        woken: list[tuple[str, float]] = []

        def program(name: str, seconds: float) -> Callable[[], object]:
            async def body() -> None:
                time.sleep(seconds)
                woken.append((name, time.monotonic()))
                await asyncio.sleep(1)

            return body

        processes = [
            world.spawn("first", program("first", 5)),  # type: ignore[arg-type]
            world.spawn("second", program("second", 100)),  # type: ignore[arg-type]
            world.spawn("third", program("third", 7)),  # type: ignore[arg-type]
        ]
        for process in processes:
            assert await process.wait() == 0
        return woken

    assert run(main) == [("first", 5), ("third", 7), ("second", 100)]


def test_the_harness_itself_must_not_block() -> None:
    async def main(world: World) -> None:
        time.sleep(1)

    with pytest.raises(UsageError, match="Await instead"):
        run(main)


def test_a_killed_process_loses_its_threads_and_blocked_callbacks() -> None:
    events: list[str] = []

    def work() -> None:
        try:
            time.sleep(5)
            events.append("woke")
        finally:
            events.append("finally")

    async def main(world: World) -> list[str]:
        async def program() -> None:
            threading.Thread(target=work).start()
            await asyncio.sleep(0.5)
            work()

        process = world.spawn("program", program)
        await asyncio.sleep(1)
        process.kill()
        await asyncio.sleep(100)
        return list(events)

    threads = threading.active_count()
    assert run(main) == []
    assert threading.active_count() == threads


def test_threads_that_wait_for_each_other_are_a_deadlock_that_names_them() -> None:
    def body() -> None:
        lock = threading.Lock()
        lock.acquire()
        thread = threading.Thread(target=lock.acquire, name="taker")
        thread.start()
        thread.join()

    with pytest.raises(Deadlock, match="taker"):
        in_a_thread(body)


# Sockets


def _serve_http(world: World, port: int, tls: bool) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(5)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    def factory() -> asyncio.Protocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), answer)

    context = authority().server_context("server") if tls else None
    world.network.listen("server", port, factory, context)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_http_client_talks_over_a_simulated_socket(tls: bool) -> None:
    async def main(world: World) -> tuple[object, int]:
        _serve_http(world, 443, tls)
        answers: list[object] = []

        def body() -> None:
            if tls:
                trusted = ssl.create_default_context(cadata=authority().pem)
                client: http.client.HTTPConnection = http.client.HTTPSConnection(
                    "server", 443, context=trusted
                )
            else:
                client = http.client.HTTPConnection("server", 443)
            for _ in range(2):
                client.request("GET", "/")
                answers.append(client.getresponse().read())
            client.close()

        process = world.spawn("program", lambda: asyncio.to_thread(body))
        assert await process.wait() == 0, process.error
        return answers, round(world.loop.time())

    assert run(main) == ([b"hello", b"hello"], 10)


def test_a_read_gives_up_after_the_socket_timeout() -> None:
    async def main(world: World) -> float:
        world.network.listen("server", 1, asyncio.Protocol)

        def body() -> None:
            with (
                contextlib.closing(socket.create_connection(("server", 1), timeout=9)) as client,
                pytest.raises(TimeoutError),
            ):
                client.recv(1)

        process = world.spawn("program", lambda: asyncio.to_thread(body))
        assert await process.wait() == 0, process.error
        return round(world.loop.time(), 1)

    assert run(main) == 9


def test_a_blocking_server_accepts_connections() -> None:
    def body() -> bytes:
        with socket.socket() as listener:
            listener.bind(("0.0.0.0", 0))
            listener.listen()
            port = listener.getsockname()[1]

            def serve() -> None:
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(connection.recv(10).upper())

            thread = start(serve)
            with socket.create_connection(("localhost", port)) as client:
                client.sendall(b"abc")
                answer = client.makefile("rb").read()
            thread.join()
        return answer

    assert in_a_thread(body) == b"ABC"


@pytest.mark.parametrize(
    "name", ["DefaultSelector", "EpollSelector", "PollSelector", "SelectSelector"]
)
def test_selectors_wait_for_simulated_sockets(name: str) -> None:
    def body() -> tuple[int, int, float]:
        near, far = socket.socketpair()
        with near, far, getattr(selectors, name)() as selector:
            selector.register(near, selectors.EVENT_READ)
            idle = len(selector.select(3))
            threading.Timer(2, far.sendall, (b"x",)).start()
            ready = len(selector.select(100))
            return idle, ready, time.monotonic()

    assert in_a_thread(body) == (0, 1, 5)


def test_an_undeclared_host_is_refused_to_blocking_code_too() -> None:
    def body() -> str:
        with pytest.raises(socket.gaierror) as caught:
            socket.create_connection(("example.com", 80))
        return str(caught.value)

    assert "`externals`" in str(in_a_thread(body))
