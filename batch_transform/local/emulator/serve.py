"""Serves the emulator, with everything plugged in, on a socket that is already bound."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from ministack import app as emulator  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.clients import Clients
from batch_transform.local.emulator import (
    callers,
    enforcement,
    patches,
    price_list_service,
    sagemaker_model_resource,
    sagemaker_service,
    sagemaker_tasks,
    service_quotas_service,
)
from batch_transform.local.emulator.enforcement import roles
from batch_transform.local.emulator.enforcement.objects import accept_aws_managed_key
from batch_transform.local.emulator.enforcement.topics_and_queues import keep_topic_keys
from batch_transform.local.emulator.in_process import InProcess
from batch_transform.local.emulator.patches import alarms, lambda_concurrency, lambda_workers, schedules
from batch_transform.local.emulator.storage import sorted_keys, upload
from batch_transform.local.emulator.storage.body import BodyFolder
from batch_transform.local.emulator.storage.kept import KeptObjects
from batch_transform.local.emulator.storage.objects import Objects, note_receive
from batch_transform.local.model_server.archive import ModelArchives
from batch_transform.local.model_server.code_folder import CodeFolders
from batch_transform.local.model_server.container_start import ContainerStarts
from batch_transform.local.model_server.image import Images
from batch_transform.local.model_server.packages import Packages
from batch_transform.local.model_server.pool import ModelServers
from batch_transform.local.sagemaker.execution_role import ExecutionRoles
from batch_transform.local.sagemaker.job_runner import JobRunner
from batch_transform.local.sagemaker.json_client import SageMakerJsonClient
from batch_transform.local.sagemaker.quotas import Quotas
from batch_transform.local.sagemaker.service import SageMaker
from batch_transform.local.settings import LocalAwsSettings

KEEP_ALIVE_SECONDS = 75
GRACEFUL_SECONDS = 1.0

_PROTOCOL = b"x-forwarded-proto"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

logger = logging.getLogger(__name__)


class LocalAws:
    """The running local AWS: its SageMaker, its model servers, its Lambda workers."""

    def __init__(self, settings: LocalAwsSettings, endpoint_url: str) -> None:
        self.own_calls = InProcess()
        clients = Clients(endpoint_url, self.own_calls)
        images = Images(settings.images)
        archives = ModelArchives(settings.run_dir / "models")
        self._servers = ModelServers(
            images, settings.run_dir / "model-servers", ping_timeout=settings.ping_timeout
        )
        quotas = Quotas(settings.quotas)
        assume_role = roles.assume_role if settings.enforce_iam else None
        require = enforcement.require if settings.enforce_iam else None
        runner = JobRunner(
            endpoint_url=endpoint_url,
            roles=ExecutionRoles(clients, assume_role, require),
            servers=self._servers,
            starts=ContainerStarts(
                images, CodeFolders(settings.run_dir / "code", archives), Packages(offline=settings.offline)
            ),
            archives=archives,
            quotas=quotas,
        )
        self._kept = KeptObjects(settings.data_dir) if settings.data_dir else None
        bodies = self._kept.bodies if self._kept else BodyFolder(settings.run_dir / "objects")
        upload.plug_in(bodies)
        Objects(bodies, self._kept).plug_in()
        sorted_keys.plug_in()
        self._sagemaker = SageMaker(runner, sagemaker_service.emit_event)
        sagemaker_service.plug_in(self._sagemaker)
        price_list_service.plug_in()
        service_quotas_service.plug_in(quotas.of_transform_jobs)
        sagemaker_model_resource.plug_in(self._sagemaker)
        keep_topic_keys()
        accept_aws_managed_key()
        patches.plug_in()
        lambda_concurrency.limit_account(quotas.concurrency)
        sagemaker_tasks.plug_in(self._sagemaker, SageMakerJsonClient(endpoint_url), assume_role)
        if settings.enforce_iam:
            enforcement.plug_in(endpoint_url)
        self._alarms = alarms.plug_in(settings.alarm_scale)
        self._alarms.start()
        schedules.plug_in(
            settings.schedule_scale if settings.schedules else None,
            lambda: quotas.duplicate_after("scheduler"),
        )

    def restore(self) -> None:
        """Restore the objects of an earlier run, after the emulator has restored the rest."""
        if self._kept is not None:
            self._kept.load()

    def close(self) -> None:
        """Stop everything, in an order in which each part still has what it needs: jobs abort their uploads in S3."""
        self._alarms.close()
        self._sagemaker.close()
        self._servers.close()
        lambda_workers.end_all()


def serve(
    settings: LocalAwsSettings, sock: socket.socket, *, ready: Callable[[str], None], end: threading.Event
) -> None:
    """Serve until `end` is set or the process gets SIGINT or SIGTERM; then stop everything in order.

    `sock` listens on 127.0.0.1. `ready` is called with the endpoint's URL once requests are accepted.
    """
    host, port = sock.getsockname()
    endpoint_url = f"http://{host}:{port}"
    local_aws = LocalAws(settings, endpoint_url)
    config = Config()
    config.bind = [f"fd://{sock.detach()}"]  # it is closed there
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.graceful_timeout = GRACEFUL_SECONDS
    config.loglevel = "WARNING"

    def started() -> None:
        local_aws.restore()
        ready(endpoint_url)

    async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await emulator.app(scope, receive, _announcing(send, started))
        elif (reason := callers.refusal(scope)) is not None:
            await callers.refuse(reason, scope, send)
        else:
            note_receive(receive)
            await emulator.app(
                _over_tls(scope) if settings.enforce_iam else scope, upload.marked(scope, receive), send
            )

    async def run() -> None:
        ending = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):  # before `ready`: a signal may follow it at once
            loop.add_signal_handler(number, ending.set)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
            loop.add_signal_handler(signal.SIGHUP, ending.set)
        watch = threading.Thread(target=_call_when_set, args=(end, loop, ending.set), daemon=True)
        watch.start()
        local_aws.own_calls.connect(application, loop)

        async def closed() -> None:
            """Return when everything has stopped; requests are served until then."""
            await ending.wait()
            await asyncio.to_thread(local_aws.close)

        await hypercorn_serve(application, config, shutdown_trigger=closed)  # type: ignore[arg-type]  # hypercorn's TypedDicts for an ASGI application

    asyncio.run(run())


def _over_tls(scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mark a request as sent over TLS: nobody can listen in on the loopback interface.

    Otherwise a policy that denies plain HTTP would refuse everything. The header is the one of a proxy that terminates
    TLS, and the emulator honours it. To test such a policy, send the header yourself, with the value `http`.
    """
    if any(name == _PROTOCOL for name, _ in scope["headers"]):
        return scope
    return {**scope, "headers": [*scope["headers"], (_PROTOCOL, b"https")]}


def _announcing(send: Send, announce: Callable[[], None]) -> Send:
    async def announcing_send(message: Message) -> None:
        await send(message)
        if message["type"] == "lifespan.startup.complete":
            announce()

    return announcing_send


def _call_when_set(event: threading.Event, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    event.wait()
    loop.call_soon_threadsafe(call)
