"""The catalogue of metrics: every one in one place, with its meaning and what an operator does about it (OBS-01, OBS-02).

Owns names, labels and the exporter. Labels are bounded: never an id, a phone number or a merchant. Must not know who counts.
"""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server

from runtime.tallied import TalliedHistogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

PAYOUTS = Counter(
    "payflow_payouts_total", "Moves of payouts into a state. Remedy: many `failed`: look at their codes.", ["state"]
)
END_TO_END = TalliedHistogram(
    "payflow_end_to_end_seconds", "Accepted to paid. Remedy: compare provider call time and lag.", buckets=SECONDS
)
COMMANDS = Counter(
    "payflow_commands_total", "Commands decided. Remedy: many `refused`: look at an upstream.", ["type", "outcome"]
)
DECISION = Histogram("payflow_decision_seconds", "One poll's look-ups, decisions and transaction.", buckets=SECONDS)
LAG_RECORDS = Gauge(
    "payflow_log_lag_records",
    "Records not yet read. Remedy: add workers, or see why one halted.",
    ["service", "partition"],
)
LAG_SECONDS = Gauge("payflow_log_lag_seconds", "Age of the oldest record not yet read.", ["service", "partition"])
WRITER_OPEN = Gauge(
    "payflow_writer_open", "1 while the partition's writer is open. Remedy: 0 for long: see the log.", ["partition"]
)
RAIL_OPEN = Gauge(
    "payflow_rail_open", "1 while the partition's rail is open. Remedy: 0 for long: see the log.", ["partition"]
)
WRITER_HALTED = Gauge(
    "payflow_writer_halted",
    "1 once a partition's writer or reader has halted. Remedy: runbook.",
    ["service", "partition"],
)
WRITER_REOPENED = Counter("payflow_writer_reopened_total", "Writers that started over, by cause.", ["cause"])
PROVIDER_CALLS = Counter(
    "payflow_provider_calls_total", "Payouts in calls to a provider by what they led to.", ["provider", "call", "outcome"]
)
PROVIDER_SECONDS = Histogram(
    "payflow_provider_call_seconds", "Time of one provider call.", ["provider", "call"], buckets=SECONDS
)
ATTEMPTS_OPEN = Gauge("payflow_attempts_open", "Attempts on the log without an answer yet.")
RAILS_WAITING = Gauge("payflow_rails_waiting", "Payouts free to be sent that wait for a place.")
DEAD_LETTERS = Counter(
    "payflow_dead_letters_total", "Records nobody could read. Remedy: view, then mend the sender.", ["topic", "reason"]
)
DEAD_LETTERS_OPEN = Gauge(
    "payflow_dead_letters_open",
    "Dead letters neither redriven nor discarded, as the projector counts them. Remedy: `payflow dead-letters list`.",
)
DEAD_LETTERS_OVER = Gauge(
    "payflow_dead_letters_over_limit",
    "1 while DEAD_LETTERS_MAX are open: who meets another one waits. Remedy: runbook.",
)
PROJECTION_SECONDS = Histogram(
    "payflow_projection_transaction_seconds", "One transaction of the projector.", buckets=SECONDS
)
PROJECTION_RESTARTS = Counter(
    "payflow_projection_restarts_total",
    "Times a partition went back to where its views stand. Remedy: many `away`: see the database; `displaced`: two own it.",
    ["cause"],
)
PROJECTED = Counter("payflow_projected_changes_total", "Payout changes written to the views.")
FEED_CLIENTS = Gauge("payflow_feed_clients", "Connected live feed clients.")
FEED_SENT = Counter("payflow_feed_sent_total", "Changes sent to live feed clients.")
FEED_FOLDED = Counter("payflow_feed_folded_total", "Changes that a newer one of their row replaced for slow feed clients.")
FEED_DROPPED = Counter("payflow_feed_dropped_total", "Changes dropped for slow feed clients.")
FEED_GAPS = Counter("payflow_feed_gaps_total", "Gaps told to slow feed clients.")
FEED_TOO_SLOW = Counter("payflow_feed_too_slow_total", "Feed clients that were closed because they did not read.")
FEED_RESETS = Counter("payflow_feed_resets_total", "Subscriptions begun anew because their cursor was too old.")
HTTP_REQUESTS = Counter("payflow_http_requests_total", "Requests answered.", ["service", "route", "method", "status"])
HTTP_SECONDS = Histogram("payflow_http_request_seconds", "Time of one request.", ["service", "route"], buckets=SECONDS)
WEBHOOKS_MADE = Counter("payflow_webhooks_made_total", "Deliveries that the log made for endpoints.")
WEBHOOK_TRIES = Counter(
    "payflow_webhook_tries_total",
    "Tries by what came of them. Remedy: many `pending` (tried again): see which endpoint fails in `webhooks/`.",
    ["outcome"],
)
WEBHOOK_SECONDS = Histogram("payflow_webhook_seconds", "Time of one try.", buckets=SECONDS)
WEBHOOKS_PENDING = Gauge("payflow_webhooks_pending", "Deliveries not at their end. Remedy: add a process, or see `failing`.")
WEBHOOK_ENDPOINTS = Gauge(
    "payflow_webhook_endpoints", "Endpoints that are `failing`, or `disabled` by it. Remedy: runbook.", ["state"]
)
WEBHOOKS_DISABLED = Counter(
    "payflow_webhooks_disabled_total",
    "Endpoints disabled by `failing` for 5 days or because they are `gone` (410). Remedy: tell the merchant; runbook.",
    ["why"],
)
ACTS_WAITING = Gauge(
    "payflow_audit_acts_waiting",
    "Acts on webhooks that the audit trail does not have yet. Remedy: see that identity runs; nothing is lost meanwhile.",
)
DENIED = Counter(
    "payflow_access_denied_total",
    "Requests refused at the front door, by problem code. Remedy: many `unauthorized`: a key has ended, or somebody tries; see the log.",
    ["code"],
)
STAGED_FILES = Gauge(
    "payflow_staged_files", "Uploads whose content is `kept`, or whose fingerprint is `remembered`.", ["state"]
)
STAGED_BYTES = Gauge(
    "payflow_staged_bytes",
    "Bytes on disk of uploaded `files` and `drafts`. Remedy: lower FILES_KEEP_DAYS or DRAFTS_KEEP_DAYS; runbook.",
    ["what"],
)
DRAFTS = Gauge("payflow_drafts", "Drafts that are kept, in any state.")
EXPIRED = Counter("payflow_expired_total", "What was deleted because of its age.", ["what"])
EXPIRY_ROUND = Gauge(
    "payflow_expiry_round_seconds",
    "Unix time of the last whole round of deleting by age. Remedy: older than an hour: `ingest.retention_away` in the log.",
)
INBOX = Counter("payflow_inbox_records_total", "Inbox records by reply.", ["upstream", "status"])


def serve(port: int, host: str = "127.0.0.1") -> None:
    """Answer /metrics on a port of its own, in a thread; port 0 means no exporter. Raises OSError for a port in use."""
    if port:
        start_http_server(port, addr=host, registry=REGISTRY)
