"""Dead letters over REST: masked, for credentials of all merchants only, acts once and written down first (RUN-24, CON-19, AUD-01)."""

import pytest

from runtime.dead_letter_book import Letter, Resolution
from runtime.dead_letter_desk import Outcome
from tests.unit.gateway.front import Admin, Front

LETTERS = "/api/v1/dead-letters/"
ID = "payouts.commands:3:7"


def letter(offset: int, failed_at: int = 1000) -> Letter:
    value = b'{"recipient": {"account_number": "12345678"}, "amount": "x"}'
    reason = "Expected `int`, got 'Ama Mensah 0772123456'"
    return Letter("payouts.commands", 3, offset, b"demo", value, "unreadable", reason, failed_at)


@pytest.fixture
def held(front: Front) -> Front:
    for one in (letter(7), letter(8, 2000), letter(9, 500)):
        front.letters.held.letters[one.id] = one
    return front


async def test_they_are_listed_oldest_first_page_by_page_and_masked(held: Front) -> None:
    first = await held.get(f"{LETTERS}?limit=2")
    told = first.json()
    assert [one["offset"] for one in told["results"]] == [9, 7]
    assert (told["count"], told["open"], told["next_cursor"]) == (3, 3, ID)
    rest = (await held.get(f"{LETTERS}?limit=2&cursor={ID}")).json()
    assert ([one["offset"] for one in rest["results"]], rest["next_cursor"]) == ([8], None)
    for personal in ("Ama", "0772123456"):
        assert personal not in first.text


async def test_a_cursor_that_we_never_gave_is_refused_also_where_there_is_no_letter(front: Front) -> None:
    answer = await front.get(f"{LETTERS}?cursor={'0' * 301}")
    assert (answer.status_code, "cursor" in str(answer.json()["errors"][0])) == (400, True)


async def test_those_that_are_closed_are_shown_only_if_asked_for(held: Front) -> None:
    held.letters.held.resolutions[ID].append(Resolution(ID, "discarded", 5, "person:1", "sent twice"))
    assert [one["offset"] for one in (await held.get(LETTERS)).json()["results"]] == [9, 8]
    every = {one["offset"]: one for one in (await held.get(f"{LETTERS}?state=all")).json()["results"]}
    assert (every[7]["state"], every[7]["resolved_by"]) == ("discarded", "person:1")


async def test_one_letter_shows_sizes_names_and_types_and_no_bytes(held: Front) -> None:
    answer = await held.get(f"{LETTERS}{ID}/")
    told = answer.json()
    assert (told["key"], told["value"]["bytes"]) == ({"bytes": 4}, 60)
    assert told["value"]["shape"]["amount"] == "str"
    assert "12345678" not in answer.text
    assert (await held.get(f"{LETTERS}payouts.commands:3:99/")).status_code == 404


async def test_an_act_is_written_down_before_it_is_done_and_by_whom(held: Front) -> None:
    done = await held.ask("POST", f"{LETTERS}{ID}/discard/", body={"reason": "sent twice, 0772123456 is paid"})
    assert (done.status_code, done.json()["changed"]) == (200, True)
    [(path, telling)] = held.ingest.told
    assert (path, telling["action"], telling["subject"]) == ("/internal/audit", "dead_letter.discarded", f"dead_letter:{ID}")
    assert held.letters.acts == [("discard", ID, "sent twice, [removed] is paid", "open:development")]
    held.ingest.answers = 503
    refused = await held.ask("POST", f"{LETTERS}{ID}/redrive/")
    assert (refused.status_code, refused.json()["code"]) == (503, "identity_unavailable")
    assert len(held.letters.acts) == 1, "what cannot be written down is not done"


async def test_a_repeat_says_so_and_a_refusal_says_why(held: Front) -> None:
    held.letters.outcome = Outcome(ID, "was redriven by person:1 before: nothing was done")
    assert (await held.ask("POST", f"{LETTERS}{ID}/redrive/")).json()["changed"] is False
    held.letters.outcome = Outcome(ID, "came back 3 times: it is refused", refused=True)
    refused = await held.ask("POST", f"{LETTERS}{ID}/redrive/")
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_state_transition")
    assert "came back 3 times" in refused.json()["detail"]


@pytest.mark.parametrize(
    "body", [{}, {"reason": "no"}, {"reason": 5}, {"reason": "x" * 201}, {"reason": "fine", "by": "me"}]
)
async def test_a_discard_needs_a_reason(held: Front, body: dict[str, object]) -> None:
    answer = await held.ask("POST", f"{LETTERS}{ID}/discard/", body=body)
    assert (answer.status_code, held.letters.acts, held.ingest.told) == (400, [], [])


async def test_only_who_has_all_merchants_sees_them() -> None:
    admin = Admin()
    front = Front(admin, access="required", secret_key="0123456789abcdef0123456789abcdef")
    token, _ = admin.session(("admin", ["demo"]), ("viewer", ["*"]))
    mixed = await front.get(LETTERS, Cookie=f"__Host-payflow_session={token}")
    assert (mixed.status_code, mixed.json()["code"]) == (403, "forbidden"), "all merchants by another role"
    some, every = admin.key("dead-letters:read"), admin.key("dead-letters:read", merchants=["*"])
    assert (await front.get(LETTERS, Authorization=f"Bearer {some}")).status_code == 403
    assert (await front.get(LETTERS, Authorization=f"Bearer {every}")).status_code == 200
    done = await front.ask("POST", f"{LETTERS}{ID}/redrive/", Authorization=f"Bearer {every}")
    assert done.status_code == 403, "reading is not writing"


async def test_a_log_that_is_away_is_503_and_a_bad_parameter_400(held: Front) -> None:
    for query in ("state=closed", "limit=0", "cursor=nonsense", "page=1"):
        assert (await held.get(f"{LETTERS}?{query}")).status_code == 400, query
    held.letters.away = True
    answer = await held.get(LETTERS)
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
