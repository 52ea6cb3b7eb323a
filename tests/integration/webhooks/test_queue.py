"""The queue in SQL: order per payout and endpoint, leases, retries, and endpoints that are given up (WHK-02, WHK-03, WHK-05)."""

import asyncio
from typing import Any

from prometheus_client import REGISTRY

from domain.webhooks.payload import Letter
from domain.webhooks.schedule import DAY
from runtime.clock import ManualClock
from services.webhooks.act_book import ActBook
from services.webhooks.dispatcher import result_of
from services.webhooks.housekeeping import Housekeeping
from services.webhooks.queue import SOON_MS, Taken
from services.webhooks.sender import Outcome
from tests.integration.webhooks.ground import Ground, story

LEASE = 25_000


async def take(here: Ground, endpoint: str, limit: int = 1000, *, at: int = 0, claim: str = "me") -> Taken:
    return await here.queue.take(endpoint, claim, here.now + at, limit=limit, lease_ms=LEASE)


async def finish(
    here: Ground,
    taken: Taken,
    endpoint: str,
    code: int | None = 200,
    *,
    at: int = 0,
    only: Any = None,
    wait: int | None = None,
) -> Any:
    outcome = Outcome(
        at=here.now + at, duration_ms=1, code=code, error=None if code == 200 else "no", answer="a", retry_after_ms=wait
    )
    letters = [one for one in taken.letters if only is None or one in only]
    return await here.queue.write(
        [result_of(one, endpoint, taken.claim, outcome, here.now + at) for one in letters], here.now + at
    )


async def written(here: Ground, *types: str, steps: int = 60) -> str:
    endpoint = await here.endpoint("acme", "http://127.0.0.1:9/", *types)
    await here.write_down(story(1, steps).records)
    return endpoint


def lanes(letters: Any) -> dict[str, list[Letter]]:
    found: dict[str, list[Letter]] = {}
    for letter in letters:
        found.setdefault(letter.subject, []).append(letter)
    return found


async def test_whk_03_only_the_oldest_of_each_payout_is_taken_and_all_come_in_order(here: Ground) -> None:
    endpoint = await written(here, "payout.*", steps=120)
    seen: dict[str, list[int]] = {}
    expected = lanes(
        Letter(id=r["id"], merchant_id="", subject=r["subject"], kind="", version=r["version"], order=r["ord"], at=0, own={})
        for r in await here.deliveries(endpoint)
    )
    for _ in range(50):
        taken = await take(here, endpoint)
        assert all(len(letters) == 1 for letters in lanes(taken.letters).values())
        for letter in taken.letters:
            seen.setdefault(letter.subject, []).append(letter.version)
        if not taken.letters:
            break
        await finish(here, taken, endpoint)
    assert seen == {subject: [one.version for one in letters] for subject, letters in expected.items()}
    assert max(map(len, seen.values())) > 2


async def test_whk_02_a_failed_delivery_holds_back_only_later_ones_of_its_payout(here: Ground) -> None:
    endpoint = await written(here, "payout.*")
    rows = await here.deliveries(endpoint)
    subject = next(s for s in {r["subject"] for r in rows} if sum(r["subject"] == s for r in rows) > 1)
    while (taken := await take(here, endpoint)).letters:
        bad = [one for one in taken.letters if one.subject == subject]
        await finish(here, taken, endpoint, only=[one for one in taken.letters if one.subject != subject])
        if bad:
            await finish(here, taken, endpoint, 500, only=bad)
    after = await here.deliveries(endpoint)
    assert {r["status"] for r in after if r["subject"] != subject} == {"delivered"}
    held = [r for r in after if r["subject"] == subject]
    assert [r["status"] for r in held] == ["pending"] * len(held)
    assert [r["attempts"] for r in held] == [1] + [0] * (len(held) - 1)
    later = await take(here, endpoint, at=6000)
    assert [one.id for one in later.letters] == [held[0]["id"]]
    assert later.letters[0].tries == 1
    await finish(here, later, endpoint, at=6000)
    follower = await take(here, endpoint, at=6001)
    assert [one.id for one in follower.letters] == [held[1]["id"]], "it is woken at once"


async def test_two_takers_never_get_the_same(here: Ground) -> None:
    endpoint = await written(here)
    parts = await asyncio.gather(*(take(here, endpoint, 20, claim=f"taker-{n}") for n in range(8)))
    ids = [letter.id for part in parts for letter in part.letters]
    assert len(ids) == len(set(ids)) > 0
    subjects = [letter.subject for part in parts for letter in part.letters]
    assert len(subjects) == len(set(subjects)), "nor two of one payout"


async def test_what_a_dead_taker_had_comes_back_after_its_lease_and_its_late_word_counts_no_more(here: Ground) -> None:
    endpoint = await written(here)
    dead = await take(here, endpoint, 10)
    soon = await take(here, endpoint, at=SOON_MS + 1, claim="other")
    assert not {one.id for one in dead.letters} & {one.id for one in soon.letters}
    again = await take(here, endpoint, at=LEASE + 1, claim="third")
    assert {one.id for one in dead.letters} <= {one.id for one in again.letters}
    await finish(here, dead, endpoint, 500)
    rows = {row["id"]: row for row in await here.deliveries(endpoint)}
    assert all(rows[one.id]["claim"] == "third" and rows[one.id]["attempts"] == 0 for one in dead.letters)


async def test_whk_04_attempts_and_answers_are_kept(here: Ground) -> None:
    endpoint = await written(here)
    taken = await take(here, endpoint, 1)
    await finish(here, taken, endpoint, 503, wait=10_000)
    taken = await take(here, endpoint, 1000, at=10_001)
    mine = [one for one in taken.letters if one.tries == 1]
    await finish(here, taken, endpoint, 200, at=10_001, only=mine)
    attempts = await here.registry.attempts(mine[0].id)
    assert [(a["number"], a["code"], a["answer"]) for a in attempts] == [(1, 503, "a"), (2, 200, "a")]


async def test_whk_02_gone_disables_at_once_and_nothing_more_is_taken(here: Ground) -> None:
    endpoint = await written(here)
    taken = await take(here, endpoint, 2)
    assert await finish(here, taken, endpoint, 410, only=taken.letters[:1]) == [(endpoint, "gone")]
    row = await here.registry.endpoint("acme", endpoint)
    assert row is not None
    assert (row["status"], row["disabled_reason"]) == ("disabled", "gone")
    assert (await take(here, endpoint, at=1)).url is None
    assert await here.queue.endpoints_due(here.now + DAY) == []


async def test_whk_02_five_days_of_failure_disable_and_one_success_forgives(here: Ground) -> None:
    endpoint = await written(here)
    taken = await take(here, endpoint, 100)
    assert await finish(here, taken, endpoint, 500, only=taken.letters[:1]) == []
    assert await finish(here, taken, endpoint, 200, only=taken.letters[1:2], at=4 * DAY) == []
    assert await finish(here, taken, endpoint, None, only=taken.letters[2:3], at=4 * DAY + 1) == []
    assert await finish(here, taken, endpoint, 500, only=taken.letters[3:4], at=9 * DAY) == []
    assert await finish(here, taken, endpoint, 500, only=taken.letters[4:5], at=9 * DAY + 1) == [(endpoint, "failing")]
    row = await here.registry.endpoint("acme", endpoint)
    assert row is not None
    assert row["disabled_reason"] == "failing"


async def test_whk_02_five_days_of_failure_disable_also_an_endpoint_for_which_nothing_happens_any_more(here: Ground) -> None:
    endpoint, waiting = await written(here), await here.endpoint("acme", "http://127.0.0.1:10/")
    taken = await take(here, endpoint, 100)
    await finish(here, taken, endpoint, 500, only=taken.letters[:1])
    await here.rows("UPDATE deliveries SET status = 'failed', finished_at = %s", here.now)
    assert await keep_house(here, 5 * DAY - 1) == {endpoint: None, waiting: None}
    before = REGISTRY.get_sample_value("payflow_webhooks_disabled_total", {"why": "failing"}) or 0
    assert await keep_house(here, 5 * DAY) == {endpoint: "failing", waiting: None}
    assert await keep_house(here, 6 * DAY) == {endpoint: "failing", waiting: None}
    assert REGISTRY.get_sample_value("payflow_webhooks_disabled_total", {"why": "failing"}) == before + 1
    [told] = [act for act in await ActBook(here.database).waiting(10) if act.action == "webhook.disabled"]
    assert (told.actor, told.subject, told.detail) == ("service:webhooks", f"webhook:{endpoint}", {"why": "failing"})


async def test_what_is_due_is_tried_before_its_endpoint_is_given_up(here: Ground) -> None:
    endpoint = await written(here)
    taken = await take(here, endpoint, 1)
    await finish(here, taken, endpoint, 500)
    assert await keep_house(here, 6 * DAY) == {endpoint: None}, "it was we who tried nothing for days"


async def keep_house(here: Ground, at: int) -> dict[str, str | None]:
    """A round of housekeeping so long after the beginning; each endpoint with why it is disabled."""
    await Housekeeping(here.database, ManualClock(here.now + at), 30).once()
    return {row["id"]: row["disabled_reason"] for row in await here.registry.endpoints("acme")}


async def test_what_the_views_lack_is_given_back_untried(here: Ground) -> None:
    endpoint = await written(here, "payout.*", "batch.*")
    taken = await take(here, endpoint, 5)
    states = await here.subjects.states(taken.letters)
    assert set(states.values()) == {None}, "the views are empty"
    await here.queue.put_off([one.id for one in taken.letters], taken.claim, here.now + 500)
    rows = {row["id"]: row for row in await here.deliveries(endpoint)}
    assert all(rows[one.id]["attempts"] == 0 and rows[one.id]["claim"] is None for one in taken.letters)


async def test_whk_03_the_views_say_what_is_so_now_and_nobodys_account(here: Ground) -> None:
    told = story(1)
    endpoint = await here.endpoint("acme")
    await here.project(told.records)
    await here.write_down(told.records)
    states: dict[str, Any] = {}
    letters: dict[str, Letter] = {}
    while (taken := await take(here, endpoint)).letters:
        letters |= {letter.id: letter for letter in taken.letters}
        states |= await here.subjects.states(taken.letters)
        await finish(here, taken, endpoint)
    assert all(state is not None for state in states.values())
    for letter_id, state in states.items():
        letter = letters[letter_id]
        if letter.subject.startswith("payout:"):
            now = told.book.payouts.get(letter.subject.removeprefix("payout:"))
            assert now is None or (state.current["status"], state.version) == (now.status.value, now.version)
            assert state.moved_on is (state.version > letter.version)
    assert "40817" not in repr(states).replace("XXXXXXXXXXXX", "")
