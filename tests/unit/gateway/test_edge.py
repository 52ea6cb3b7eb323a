"""The gateway without a network: paths, parameters, cursors (API-02, API-17 to API-19, LIV-06)."""

from typing import Any

import pytest

from runtime.http_problems import ProblemError
from services.gateway import __main__ as gateway
from services.gateway.documentation import methods_of
from services.gateway.filters import payout_conditions, read_includes, read_merchant, read_paging
from services.gateway.live.cursor import Cursor, parse
from services.gateway.live.line import FeedProtocol
from services.gateway.paths import canonical
from services.gateway.ranked import read_levels
from services.gateway.settings import GatewaySettings


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("/api/payouts/", "/api/v1/payouts"),
        ("/api/v1/payouts", "/api/v1/payouts"),
        ("/api/v1/payouts/x/events/", "/api/v1/payouts/x/events"),
        ("/api/health/", "/health"),
        ("/health", "/health"),
        ("/api/v1/livez/", "/livez"),
        ("/apix/payouts", "/apix/payouts"),
        ("/other/", "/other"),
        ("/", "/"),
    ],
)
def test_api_02_one_canonical_path(asked: str, known: str) -> None:
    assert canonical(asked) == known


def test_api_17_how_a_list_is_cut() -> None:
    assert (read_paging({}).limit, read_paging({}).page) == (10, 1)
    assert (read_paging({"merchant_id": "demo"}).limit, read_paging({"merchant_id": "demo"}).page) == (50, None)
    assert (read_paging({"page": "3"}).offset, read_paging({"offset": "7"}).limit) == (20, 50)
    assert (read_paging({"cursor": ""}).limit, read_paging({"cursor": ""}).by_cursor) == (50, True)


@pytest.mark.parametrize(
    "query",
    [{"page": "0"}, {"limit": "101"}, {"limit": "٣"}, {"offset": "-1"}, {"cursor": "x"}, {"cursor": "", "limit": "501"}],
)
def test_api_18_bad_paging_is_400(query: dict[str, str]) -> None:
    with pytest.raises(ProblemError) as refused:
        read_paging(query)
    assert refused.value.entry.status == 400


@pytest.mark.parametrize(
    "query",
    [
        {"status": "x"},
        {"currency": "ZZZ"},
        {"created_after": "2026"},
        {"min_amount": "1e5"},
        {"reference": "a\x00"},
        {"batch_id": "'"},
        {"status": ",".join(["pending"] * 21)},
    ],
)
def test_api_19_a_bad_filter_is_400(query: dict[str, str]) -> None:
    with pytest.raises(ProblemError):
        payout_conditions(query)


def test_more_values_than_the_document_says_are_refused() -> None:
    """API-30: a parameter takes 20 values with commas between them, in every list of words."""
    known, many = frozenset({"record"}), ",".join(["record"] * 21)
    assert read_includes({"include": many[:-7]}, known) == known
    with pytest.raises(ProblemError, match="20 are the most"):
        read_includes({"include": many}, known)
    with pytest.raises(ProblemError, match="20 are the most"):
        read_levels({"attention": ",".join(["none"] * 21)})


def test_values_never_enter_sql_text() -> None:
    found = payout_conditions({"reference": "'; DROP TABLE payouts; --", "status": "pending"})
    assert "DROP" not in found.sql
    assert "'; DROP TABLE payouts; --" in found.arguments


def test_the_parameter_and_the_header_must_name_the_same_merchant() -> None:
    assert read_merchant({"merchant_id": "a"}, None) == read_merchant({}, "a") == "a"
    with pytest.raises(ProblemError):
        read_merchant({"merchant_id": "a"}, "b")


@pytest.mark.parametrize("text", [None, "", "1:2", "1:2:3:4", "a:b:c", "1:2:-3", 5, "1:2:" + "9" * 20])
def test_liv_06_what_is_not_a_cursor(text: object) -> None:
    assert parse(text) is None


def test_liv_06_a_cursor_is_a_place_on_the_log() -> None:
    assert parse(str(Cursor(3, 1042, 7))) == Cursor(3, 1042, 7)
    assert Cursor(3, 1042, 499) < Cursor(3, 1043)


@pytest.mark.parametrize(
    ("host", "published", "opens"),
    [
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("localhost", False, True),
        ("0.0.0.0", False, False),
        ("0.0.0.0", True, True),
        ("10.0.0.1", False, False),
    ],
)
def test_sec_01_open_mode_stays_on_loopback(host: str, published: bool, opens: bool) -> None:
    settings = GatewaySettings(host=host, published_on_loopback=published)
    if opens:
        settings.check_open_mode()
    else:
        with pytest.raises(Exception, match="GATEWAY_HOST"):
            settings.check_open_mode()


def test_liv_08_the_server_can_cut_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    served: dict[str, Any] = {}

    async def checked(settings: GatewaySettings) -> None: ...

    monkeypatch.setattr(gateway, "check", checked)
    monkeypatch.setattr(gateway.serving, "serve", lambda _app, **options: served.update(options))
    monkeypatch.setattr(gateway.logging, "set_up", lambda _service, *, debug=False: None)
    gateway.main()
    assert served["ws"] is FeedProtocol


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/batches/upload", {"POST"}),
        ("/api/v1/batches/01a1fce3-eadb-73ce-b132-dc140c212c12", {"GET", "HEAD", "DELETE"}),
        ("/api/v1/drafts", {"GET", "HEAD", "POST"}),
        ("/api/v1/nothing", set()),
    ],
)
def test_err_02_an_address_written_out_is_no_id(path: str, methods: set[str]) -> None:
    assert methods_of(path) == methods
