"""HTTP connections on which one thread waits, and which another thread can close at any moment."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager
    from urllib3.connection import HTTPConnection


class Connections:
    """The connections of one session."""

    def __init__(self) -> None:
        """Start without connections."""
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._are_cut = False

    def session(self) -> requests.Session:
        """Return a session that uses http, https and proxies as usual, until `cut` is called."""
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(self))
        return session

    def keep(self, sock: socket.socket) -> socket.socket:
        """Register `sock`, just connected, and return it. Raises `ConnectionAbortedError` after `cut`."""
        with self._lock:
            if self._are_cut:
                sock.close()
                raise ConnectionAbortedError
            # Keep a duplicate: TLS takes over the original before its handshake.
            self._sockets.append(sock.dup())
        return sock

    def cut(self) -> None:
        """Close all connections, which wakes every thread that waits on one, and allow no new one."""
        with self._lock:
            self._are_cut = True
            for sock in self._sockets:
                with suppress(OSError):  # the other end has already closed it
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()


class _Adapter(HTTPAdapter):
    """An adapter that registers every connection that it makes."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        super().__init__()
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: object) -> ProxyManager:
        is_new = proxy not in self.proxy_manager
        manager: ProxyManager = super().proxy_manager_for(proxy, **options)
        if is_new:
            self._watch(manager)
        return manager

    def _watch(self, manager: PoolManager) -> None:
        classes = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {scheme: self._watched(pool) for scheme, pool in classes.items()}

    def _watched(self, pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
        """Return a subclass of `pool` whose connections are registered."""
        kind: Any = pool.ConnectionCls

        def connect(connection: HTTPConnection) -> socket.socket:
            # urllib3 has no public hook between the creation of a socket and the proxy or TLS on it.
            return self._connections.keep(kind._new_conn(connection))  # noqa: SLF001

        watched = type(kind.__name__, (kind,), {"_new_conn": connect})
        return type(pool.__name__, (pool,), {"ConnectionCls": watched})
