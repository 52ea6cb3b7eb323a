"""The page of the matrix of role and route, from the table that the guard reads (SEC-05)."""

from domain.access.channels import CHANNELS
from domain.access.matrix import INTERNAL, PUBLIC, ROUTES, Role, Route

CREDENTIAL = {PUBLIC: "none", "signed in": "any"}


def page() -> str:
    """The table as Markdown, and which role has which scopes."""
    head = ["method", "route", "scope of a key", *(role.value for role in Role), "merchant"]
    lines = ["# Who may use which route\n", _line(head), _line(["---"] * len(head))]
    lines += [_line(_cells(route)) for route in ROUTES if route.access != INTERNAL]
    inner = ", ".join(f"`{route.method} {route.path}`" for route in ROUTES if route.access == INTERNAL)
    lines += ["", f"Only our own processes, by the secret of the inner door: {inner}."]
    lines += [
        "",
        "## Who may follow which channel of the feed\n",
        _line(["", "channel", *head[2:]]),
        _line(["---"] * len(head)),
    ]
    lines += [_line(_cells(route)) for route in CHANNELS.values()]
    lines += [
        "",
        "`merchant`: one has to be known; any: one, or none for a credential of all merchants (`*`); all: such a one only; empty: none.",
    ]
    return "\n".join(lines) + "\n"


def _cells(route: Route) -> list[str]:
    credential = CREDENTIAL.get(route.access, f"`{route.access}`")
    everybody = route.access in CREDENTIAL
    marks = ["x" if everybody or role in route.roles else "" for role in Role]
    return [route.method, f"`{route.path}`", credential, *marks, "" if route.bound == "free" else route.bound.value]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
