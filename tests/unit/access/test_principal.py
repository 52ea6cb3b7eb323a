"""Who may act for which merchant (SEC-04, SEC-05), and who sees payees (SEC-07)."""

import itertools

import pytest

from domain.access.matrix import PUBLIC, ROUTES, SCOPES, SIGNED_IN, Bound, Role, Route, find, scopes_of
from domain.access.principal import ALL, OPEN, SENDING, Admitted, Grant, Principal, Refused, admit, decode, encode


def key(*scopes: str, merchants: tuple[str, ...] = ("a",)) -> Principal:
    return Principal(kind="key", id="k", grants=(Grant(scopes=frozenset(scopes), merchants=frozenset(merchants)),))


def person(*grants: tuple[Role, tuple[str, ...]]) -> Principal:
    held = tuple(Grant(role=role, merchants=frozenset(merchants)) for role, merchants in grants)
    return Principal(kind="person", id="u", grants=held, session_id="s")


def route(method: str, path: str) -> Route:
    found = find(method, "/api/v1" + path)
    assert found is not None
    return found.route


def ask(by: Principal, method: str, path: str, *named: str, in_path: str | None = None) -> str | None:
    """The merchant, or the code of the refusal."""
    answer = admit(by, route(method, path), named=frozenset(named), in_path=in_path)
    return answer.merchant if isinstance(answer, Admitted) else answer.code


def test_sec_04_a_credential_of_one_merchant_acts_for_it() -> None:
    by = key("payouts:read", "payouts:write")
    assert [ask(by, "GET", "/payouts"), ask(by, "POST", "/payouts"), ask(by, "GET", "/payouts", "a")] == ["a", "a", "a"]


def test_sec_04_the_header_chooses_among_its_merchants_only() -> None:
    by = key("payouts:read", merchants=("a", "b"))
    assert ask(by, "GET", "/payouts", "b") == "b"
    assert ask(by, "GET", "/payouts") == "merchant_required"
    assert ask(by, "GET", "/payouts", "c") == "forbidden"
    assert ask(by, "GET", "/payouts", "a", "b") == "validation_error"


def test_sec_04_the_refusal_says_nothing_of_what_exists() -> None:
    by = key("payouts:read", "credits:write")
    texts = {
        repr(admit(by, route("GET", "/payouts"), named=frozenset({merchant}), in_path=None))
        for merchant in ("demo", "never-was")
    }
    assert len(texts) == 1
    in_path = {
        repr(admit(by, route("POST", "/merchants/x/credits"), named=frozenset(), in_path=merchant))
        for merchant in ("demo", "never-was")
    }
    assert len(in_path) == 1
    assert ask(by, "POST", "/merchants/x/credits", in_path="b") == "not_found"
    assert ask(by, "POST", "/merchants/x/credits", in_path="a") == "a"


def test_a_credential_of_all_merchants_reads_all_and_names_one_to_pay() -> None:
    by = person((Role.OPERATOR, (ALL,)))
    assert ask(by, "GET", "/payouts") is None
    assert ask(by, "POST", "/payouts") == "merchant_required"
    assert ask(by, "POST", "/payouts", "a") == "a"
    assert ask(by, "GET", "/balance") == "merchant_required", "nobody's balance by default is everybody's mistake"


def test_sec_05_a_role_counts_for_its_merchants_only() -> None:
    by = person((Role.OPERATOR, ("a",)), (Role.VIEWER, ("b",)))
    assert ask(by, "POST", "/payouts") == "a"
    assert ask(by, "POST", "/payouts", "b") == "forbidden"
    assert ask(by, "GET", "/payouts", "b") == "b"


@pytest.mark.parametrize(
    ("role", "row"),
    list(itertools.product(Role, [row for row in ROUTES if row.access != PUBLIC])),
    ids=lambda value: str(value)[:60],
)
def test_sec_05_each_role_may_do_what_its_column_says(role: Role, row: Route) -> None:
    answer = admit(person((role, _merchants(row))), row, named=frozenset(), in_path=None)
    if row.access == SIGNED_IN or role in row.roles:
        assert answer == Admitted("a" if row.bound not in {Bound.FREE, Bound.ALL} else None)
    else:
        assert isinstance(answer, Refused)
        assert answer.code == "forbidden"


@pytest.mark.parametrize("row", [row for row in ROUTES if row.bound is Bound.ALL], ids=lambda value: str(value)[:60])
def test_sec_04_what_is_about_all_merchants_is_for_who_has_them_all(row: Route) -> None:
    some = key(str(row.scope), merchants=("a", "b"))
    assert isinstance(admit(some, row, named=frozenset(), in_path=None), Refused)
    assert isinstance(admit(some, row, named=frozenset({"a"}), in_path=None), Refused)


def _merchants(row: Route) -> tuple[str, ...]:
    """Whose a route has to be asked for, for its bound not to be what refuses it."""
    return (ALL,) if row.bound is Bound.ALL else ("a",)


@pytest.mark.parametrize("row", [row for row in ROUTES if row.scope], ids=lambda value: str(value)[:60])
def test_sec_02_a_key_does_what_its_scopes_say_and_nothing_else(row: Route) -> None:
    others = [other.scope for other in ROUTES if other.scope and other.scope != row.scope]
    has = key(str(row.scope), merchants=_merchants(row))
    assert isinstance(admit(has, row, named=frozenset(), in_path=None), Admitted)
    assert isinstance(admit(key(*others), row, named=frozenset(), in_path=None), Refused)
    assert isinstance(admit(key(), row, named=frozenset(), in_path=None), Refused)


def test_sec_07_a_merchants_own_key_and_open_mode_see_payees() -> None:
    for scope in SENDING:
        assert key("payouts:read", scope).sees_whole("a"), scope
        assert not key("payouts:read", scope, merchants=(ALL,)).sees_whole("a")
        assert not key("payouts:read", scope).sees_whole("b")
        assert not key("payouts:read", scope).sees_whole(None)
    assert not key(*(SCOPES - SENDING)).sees_whole("a"), "a key that only reads"
    two = (Grant(scopes=SENDING, merchants=frozenset({"a"})), Grant(scopes=frozenset(), merchants=frozenset({"b"})))
    assert not Principal(kind="key", id="k", grants=two).sees_whole("a")
    assert not Principal(kind="key", id="k").sees_whole("a")
    assert not person((Role.ADMIN, (ALL,))).sees_whole("a")
    assert OPEN.sees_whole(None)


@pytest.mark.parametrize("role", Role)
def test_sec_07_nobody_makes_a_key_that_sees_more_than_its_maker(role: Role) -> None:
    """Who makes keys and may not reveal payees can give none of the scopes that show them."""
    mine = scopes_of(role)
    assert "keys:write" not in mine or "recipients:reveal" in mine or not mine & (SENDING | {"files:read", "drafts:submit"})


def test_nobody_gives_more_than_they_have() -> None:
    by = person((Role.DEVELOPER, ("a", "b")), (Role.ADMIN, ("b",)))
    assert by.scopes_for(frozenset({"b"})) == scopes_of(Role.ADMIN)
    assert by.scopes_for(frozenset({"a", "b"})) == scopes_of(Role.DEVELOPER)
    assert (
        by.scopes_for(frozenset({"a", "c"})) == by.scopes_for(frozenset({ALL})) == by.scopes_for(frozenset()) == frozenset()
    )


def test_a_principal_travels_in_a_header() -> None:
    for by in (OPEN, key("payouts:read"), person((Role.ADMIN, (ALL, "a")))):
        assert decode(encode(by)) == by
    for text in ("", "x", "e30=", "é", encode(OPEN)[:-3]):
        with pytest.raises(ValueError, match="not a principal"):
            decode(text)
