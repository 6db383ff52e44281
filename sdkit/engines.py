"""Where the items of a batch are made: in this process, or on the machines of a Dask cluster.

What an item comes to follows from its seed and id alone, so it is the same wherever it is made.
"""

from __future__ import annotations

import abc
import asyncio
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from sdkit.errors import InputError, MissingPackageError, ModelUnavailableError

if TYPE_CHECKING:
    from distributed import Client

_SECONDS = 5  # to wait for a scheduler
_AHEAD = 2  # tasks sent for each thread of the cluster, so that none waits for the next one


class Engine(abc.ABC):
    """Where work is done. It is opened (``async with``) by the run that uses it."""

    async def __aenter__(self) -> Self:
        """Get ready."""
        return self

    async def __aexit__(self, *error: object) -> None:  # noqa: B027 - most have nothing to end
        """End what is under way."""

    @property
    def concurrency(self) -> int | None:
        """How much work to give it at a time; None if that is for others to say."""
        return None

    @abc.abstractmethod
    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function returns, plain or async, and raise what it raises."""


class Here(Engine):
    """In this process."""

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call it."""
        made = function(*arguments)
        return await made if inspect.isawaitable(made) else made


class Dask(Engine):
    """A cluster of Dask (https://distributed.dask.org): as many items at a time as its workers have threads, twice.

    Each worker asks its own model: "embedded" is loaded there, and Ollama's address and the keys are those of the
    worker's environment. Items of a worker that is lost are made again by others; what came back is kept here.

    Parameters
    ----------
    cluster
        A ``distributed.Client``, or the address of a scheduler, such as "tcp://10.0.0.1:8786".

    Raises
    ------
    MissingPackageError
        Dask is not installed.
    InputError
        It is neither.
    """

    def __init__(self, cluster: str | Client) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise MissingPackageError("distributed", "use a cluster", extra="scale") from error
        if isinstance(cluster, Client):
            self._address = str(cluster.scheduler_info()["address"])
        elif isinstance(cluster, str) and cluster.strip():
            self._address = cluster.strip()
        else:
            raise InputError(f"{cluster!r:.60} is no cluster; give a distributed.Client or the address of a scheduler")
        self._client: Any = None
        self._threads = 0

    def __repr__(self) -> str:
        """Name the address."""
        return f"Dask({self._address!r})"

    async def __aenter__(self) -> Self:
        """Connect to the scheduler, from the event loop of the run.

        Raises
        ------
        ModelUnavailableError
            Nobody answers there, or it has no workers.
        """
        from distributed import Client

        try:
            connect: Any = Client  # which has no types
            self._client = await connect(self._address, asynchronous=True, set_as_default=False, timeout=_SECONDS)
        except (OSError, TimeoutError, ValueError) as error:
            raise ModelUnavailableError(f"no Dask scheduler answers at {self._address}: {error}") from error
        self._threads = sum((await self._client.nthreads()).values())
        if not self._threads:
            await self._client.close()
            raise ModelUnavailableError(f"the Dask scheduler at {self._address} has no workers; start some")
        return self

    async def __aexit__(self, *error: object) -> None:
        """Cancel what is under way, and disconnect; the cluster goes on."""
        await self._client.close()

    @property
    def concurrency(self) -> int:
        """How much work to give it at a time."""
        return _AHEAD * self._threads

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call it on a worker."""
        future = self._client.submit(_called, function, arguments, pure=False)
        try:
            return await future
        except asyncio.CancelledError:
            await future.cancel()
            raise


def _called(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Call a function in a thread of a worker; what it awaits is awaited in one event loop of the process."""
    made = function(*arguments)
    return _loop().run(made) if inspect.isawaitable(made) else made


class _Loop:
    """An event loop in a thread of its own, for all threads of a process: connections are kept in it."""

    def __init__(self) -> None:
        import threading

        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="sdkit-worker", daemon=True).start()

    def run(self, what: Any) -> Any:
        """Return what an awaitable comes to."""

        async def work() -> Any:
            return await what

        return asyncio.run_coroutine_threadsafe(work(), self._loop).result()


_loops: list[_Loop] = []


def _loop() -> _Loop:
    if not _loops:
        _loops.append(_Loop())
    return _loops[0]
