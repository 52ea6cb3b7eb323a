"""The `payflow` command: its list of subcommands.

Owns names and help. Each subcommand stands in its own module and is imported only when it is called, so that the list is quick.
"""

import importlib
from typing import Any

import typer

app = typer.Typer(
    help="Payflow: pays many people at once and never loses sight of one.", no_args_is_help=True, add_completion=False
)
ledger = typer.Typer(help="The ledger.", no_args_is_help=True)
schemas = typer.Typer(help="Generated files.", no_args_is_help=True)
topics = typer.Typer(help="The topics of the log.", no_args_is_help=True)
dead_letters = typer.Typer(help="Records that nobody could read.", no_args_is_help=True)
keys = typer.Typer(help="API keys.", no_args_is_help=True)
users = typer.Typer(help="People who may sign in.", no_args_is_help=True)
app.add_typer(ledger, name="ledger")
app.add_typer(schemas, name="schemas")
app.add_typer(topics, name="topics")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(keys, name="keys")
app.add_typer(users, name="users")

COMMANDS = (
    (app, "dev", "payflow.dev", "command"),
    (app, "demo", "payflow.demo", "command"),
    (app, "seed", "payflow.seed", "command"),
    (app, "migrate", "payflow.migrate", "command"),
    (app, "rebuild", "payflow.rebuild", "command"),
    (app, "submit", "payflow.submit", "command"),
    (app, "list", "payflow.listing", "command"),
    (app, "watch", "payflow.watch", "command"),
    (app, "explain", "payflow.explain", "command"),
    (app, "verify", "payflow.verify", "command"),
    (app, "backup", "payflow.backup", "command"),
    (app, "restore", "payflow.restore", "command"),
    (app, "archive", "payflow.archive", "command"),
    (app, "reseal", "payflow.reseal", "command"),
    (app, "create-user", "payflow.users", "create_admin"),
    (topics, "apply", "payflow.topics", "apply"),
    (ledger, "check", "payflow.ledger", "command"),
    (ledger, "verify", "payflow.ledger_verify", "command"),
    (dead_letters, "list", "payflow.dead_letters", "list_letters"),
    (dead_letters, "show", "payflow.dead_letters", "show"),
    (dead_letters, "redrive", "payflow.dead_letters", "redrive"),
    (dead_letters, "discard", "payflow.dead_letters", "discard"),
    (keys, "create", "payflow.keys", "create"),
    (keys, "list", "payflow.keys", "list_keys"),
    (keys, "revoke", "payflow.keys", "revoke"),
    (users, "create", "payflow.users", "create"),
    (users, "list", "payflow.users", "list_users"),
    (schemas, "export", "payflow.schemas_export", "command"),
)
"""(group, name, module, function) of each subcommand."""


def _chosen(arguments: list[str]) -> set[str]:
    return {argument for argument in arguments if not argument.startswith("-")}


def main() -> None:
    """Import what was asked for, or all of it for the help, and run."""
    import sys

    named = _chosen(sys.argv[1:3])
    asked = [entry for entry in COMMANDS if entry[1] in named] or list(COMMANDS)
    for group, name, module, function in asked:
        group.command(name)(_load(module, function))
    app()


def _load(module: str, function: str) -> Any:
    return getattr(importlib.import_module(module), function)
