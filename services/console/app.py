"""The console's application: files at every address but those of the API and of health.

Owns the table of addresses. Must not know what stands in a file or a request.
"""

from aiohttp import web

from services.console.doorman import doorman
from services.console.files import Files
from services.console.pages import Pages
from services.console.relay import Relay

BODY_BYTES_MAX = 2**40
"""Bodies are streams here; the gateway's bounds hold for them."""


def build(files: Files, relay: Relay, hosts: frozenset[str] = frozenset()) -> web.Application:
    """The application; `relay` is opened and closed with it. `hosts` are served besides loopback ones."""
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[doorman(hosts)])
    pages = Pages(files)
    app.router.add_get("/livez", _alive)
    app.router.add_get("/readyz", relay.pass_on)
    for path in ("/api", "/api/{rest:.*}"):
        app.router.add_route("*", path, relay.pass_on)
    app.router.add_get("/{path:.*}", pages.give)
    app.on_startup.append(relay.open)
    app.on_cleanup.append(relay.close)
    return app


async def _alive(_request: web.Request) -> web.Response:
    """Health of this process."""
    return web.json_response({"status": "ok"})
