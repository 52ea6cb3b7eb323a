"""SealBatch: all of it is held at once, or all of it is refused (BAT-07, BAT-10)."""

from typing import Any

import pytest

from schemas.commands import AddRows, OpenBatch, SealBatch
from schemas.events import BatchRefused, BatchReleased, EventRecord
from schemas.forms import BatchDeclaration, RefusedRows
from schemas.ids import row_payout_id
from schemas.words import BatchPhase, RecordOutcome
from tests.support.given import Scene, declared, fact, facts, form, is_quiet, is_refusal, postings_of, told


def test_a_seal_holds_everything_and_releases_the_rows() -> None:
    """BAT-10: one posting pair per currency, whatever the number of rows; no row itself changes."""
    scene = Scene().merchant(USD=1_000, EUR=50)
    batch_id = scene.batch(form(100), form(50, "EUR"), form(200))
    scene.now += 4
    record = scene.given(SealBatch(batch_id=batch_id))
    event = fact(record, BatchReleased)
    assert (event.row_count, [leg[:3] for leg in postings_of(event)]) == (
        3,
        [("available", -50, "EUR"), ("held", 50, "EUR"), ("available", -300, "USD"), ("held", 300, "USD")],
    )
    assert (scene.available(), scene.held(), scene.available("EUR")) == (700, 300, 0)
    assert scene.payout(row_payout_id(batch_id, 1)).version == 1
    view = told(record)
    assert (view["phase"], view["status"], view["released_at"]) == ("released", "pending", "2026-01-01T00:00:00.004Z")
    assert record.answer is not None
    assert record.answer.status == 200


def test_a_second_seal_is_quiet() -> None:
    """LIF-14: held once."""
    scene = Scene().merchant(USD=1_000)
    batch_id, _ = scene.released(form(100))
    record = scene.when(SealBatch(batch_id=batch_id))
    assert is_quiet(record)
    assert told(record)["phase"] == "released"
    assert scene.held() == 100


def refused(scene: Scene, batch_id: str, record: EventRecord, status: int, code: str, detail: str) -> None:
    assert is_refusal(record, status, code, detail, batch=True)
    batch = scene.book.batches[batch_id]
    assert batch.phase is BatchPhase.REFUSED
    for row in range(1, batch.row_count + 1):
        payout = scene.payout(row_payout_id(batch_id, row))
        assert (payout.status, payout.version, payout.failure_code) == ("canceled", 2, code)
    assert (scene.held(), told(record)["batch_id"]) == (0, batch_id)


def test_an_empty_batch_is_refused() -> None:
    scene = Scene().merchant()
    batch_id = scene.batch()
    refused(scene, batch_id, scene.when(SealBatch(batch_id=batch_id)), 400, "validation_error", "no rows")


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        (declared(3), "3 rows"),
        (declared(2, USD=301), "2 rows, 3.01 USD"),
        (declared(USD=300, EUR=1), "0.01 EUR, 3.00 USD"),
        (declared(EUR=300), "3.00 EUR"),
        (BatchDeclaration(count=2, sums_minor={"USD": 300, "ZZZ": 7}), "7 ZZZ"),
        (BatchDeclaration(sums_minor={}), "add up to"),
    ],
)
@pytest.mark.parametrize("when", ["open", "seal"])
def test_a_declaration_that_does_not_hold_refuses_all_and_shows_both_values(
    declaration: BatchDeclaration, words: str, when: str
) -> None:
    """BAT-07: whether it was declared with the opening or with the seal."""
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch(form(100), form(200), declaration=declaration if when == "open" else declared(2))
    record = scene.when(SealBatch(batch_id=batch_id, declaration=declaration if when == "seal" else declared(2, USD=300)))
    refused(scene, batch_id, record, 400, "declaration_mismatch", words)
    problem = told(record)
    assert problem["counted"] == {"row_count": 2, "sums": {"USD": "3.00"}}
    assert problem["declared"]["row_count"] == declaration.count
    assert "2 rows, 3.00 USD" in problem["detail"]
    event = fact(record, BatchRefused)
    assert (event.code, event.detail) == ("declaration_mismatch", problem["detail"])


OUT = RefusedRows(count=2, sums_minor={"EUR": 7}, fault_count=3, errors=[{"pointer": "/rows/1", "row": "2"}])


@pytest.mark.parametrize(("count", "eur", "holds"), [(5, 7, True), (3, 7, False), (5, 0, False)])
def test_rows_that_stay_out_count_towards_what_is_declared_and_move_no_money(count: int, eur: int, *, holds: bool) -> None:
    """BAT-07, BAT-09: the declaration is of all that was sent; the answer names what stayed out."""
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch(form(100), form(200), form(300), declaration=declared(count))
    wished = declared(count, USD=600, **({"EUR": eur} if eur else {}))
    record = scene.when(SealBatch(batch_id=batch_id, declaration=wished, refused_rows=OUT))
    if not holds:
        refused(scene, batch_id, record, 400, "declaration_mismatch", "5 rows, 0.07 EUR, 6.00 USD")
        return
    assert told(record)["refused_rows"] == {"row_count": 2, "fault_count": 3, "errors": OUT.errors}
    assert (told(record)["row_count"], scene.held(), scene.held("EUR")) == (3, 600, 0)


def test_declarations_that_hold_do_no_harm() -> None:
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch(form(100), declaration=declared(1, USD=100))
    scene.given(SealBatch(batch_id=batch_id, declaration=declared(1)))


def test_a_batch_that_is_not_covered_is_refused_with_the_shortfall_per_currency() -> None:
    """BAT-10, ERR-03: not one row is held, and the covered currency neither."""
    scene = Scene().merchant(USD=1_000, EUR=10, INR=1)
    batch_id = scene.batch(form(100), form(50, "EUR"), form(3, "INR"))
    record = scene.when(SealBatch(batch_id=batch_id))
    refused(scene, batch_id, record, 402, "insufficient_funds", "0.40 EUR are missing; 0.02 INR are missing")
    problem = told(record)
    assert problem["shortfalls"]["EUR"] == {
        "needed": "0.50",
        "available": "0.10",
        "available_minor": 10,
        "shortfall": "0.40",
        "shortfall_minor": 40,
    }
    assert set(problem["shortfalls"]) == {"EUR", "INR"}
    assert (problem["currency"], problem["available"], problem["available_minor"]) == ("EUR", "0.10", 10)


def test_a_refused_batch_frees_its_references_for_the_corrected_one() -> None:
    """BAT-11: and the old one stays refused."""
    scene = Scene().merchant(USD=10)
    batch_id = scene.batch(form(100, reference="a"))
    scene.when(SealBatch(batch_id=batch_id))
    scene.credit(1_000)
    assert is_refusal(scene.when(SealBatch(batch_id=batch_id)), 409, "batch_sealed", "refused")
    corrected = scene.batch(form(100, reference="a"))
    scene.given(SealBatch(batch_id=corrected))


def test_refusals_in_order_of_precedence() -> None:
    """Unknown, phase, empty, declaration, funds."""
    scene = Scene().merchant().merchant("zebra")
    foreign, wrong = scene.batch(merchant="zebra"), declared(7)
    assert is_refusal(scene.when(SealBatch(batch_id=scene.mint(), declaration=wrong)), 404, "not_found")
    assert is_refusal(scene.when(SealBatch(batch_id=foreign, declaration=wrong)), 404, "not_found")
    codes = []
    for rows, declaration in (((), wrong), ((form(1),), wrong), ((form(1),), None)):
        codes.append(told(scene.when(SealBatch(batch_id=scene.batch(*rows), declaration=declaration)))["code"])
    assert codes == ["validation_error", "declaration_mismatch", "insufficient_funds"]


# ---------------------------------------------------------------- submitted in one piece, under one key


def opened(scene: Scene, key: str = "k") -> str:
    batch_id = scene.mint()
    record = scene.given(OpenBatch(batch_id=batch_id, submit=True), key=key)
    assert record.answer is None, "the seal gives the answer"
    return batch_id


def add(scene: Scene, batch_id: str, first_row: int, *amounts: int, **more: Any) -> EventRecord:
    return scene.when(AddRows(batch_id=batch_id, first_row=first_row, rows=[form(a, **more) for a in amounts]))


def test_a_key_that_died_meanwhile_is_not_told_of_the_seal() -> None:
    """IDM-07: somebody may come with it again as with a new one."""
    scene = Scene().merchant(USD=1_000)
    batch_ids = [opened(scene, f"key {number}") for number in range(3)]
    for batch_id in batch_ids:
        add(scene, batch_id, 1, 400)
    scene.now += scene.policy.key_ttl_ms - 1
    assert scene.given(SealBatch(batch_id=batch_ids[0])).remember is not None
    scene.now += 1
    assert scene.given(SealBatch(batch_id=batch_ids[1])).remember is None
    refused = scene.when(SealBatch(batch_id=batch_ids[2]))
    assert (facts(refused), refused.remember) == (["BatchRefused"], None)


def test_the_seal_answers_the_submission_and_its_key_remembers_that() -> None:
    """IDM-03."""
    scene = Scene().merchant(USD=1_000)
    batch_id = opened(scene)
    add(scene, batch_id, 1, 100)
    sealed = scene.given(SealBatch(batch_id=batch_id), key="k")
    assert sealed.answer is not None
    assert sealed.answer.status == 201
    again = scene.when(OpenBatch(batch_id=scene.mint(), submit=True), key="k")
    assert is_quiet(again)
    assert again.answer is not None
    assert (again.answer.status, again.answer.body, again.subject) == (200, sealed.answer.body, batch_id)


def test_a_submission_that_broke_off_is_gone_on_with() -> None:
    """IDM-06: the key is in flight and names the batch; its rows are repeats; then it is sealed."""
    scene = Scene().merchant(USD=1_000)
    batch_id = opened(scene)
    add(scene, batch_id, 1, 100)
    again = scene.when(OpenBatch(batch_id=scene.mint(), submit=True), key="k")
    assert is_quiet(again)
    assert (again.answer, again.subject) == (None, batch_id)
    assert is_quiet(add(scene, batch_id, 1, 100))
    scene.given(SealBatch(batch_id=batch_id), key="k")


@pytest.mark.parametrize(("amount", "declaration", "status"), [(2_000, None, 402), (100, declared(9), 400)])
def test_a_refused_submission_replays_its_refusal(amount: int, declaration: BatchDeclaration | None, status: int) -> None:
    """IDM-03: also a 400, because the key was in flight and would else stay so."""
    scene = Scene().merchant(USD=1_000)
    batch_id = opened(scene)
    add(scene, batch_id, 1, amount)
    first = scene.when(SealBatch(batch_id=batch_id, declaration=declaration), key="k")
    again = scene.when(OpenBatch(batch_id=scene.mint(), submit=True), key="k")
    assert first.answer is not None
    assert again.answer is not None
    assert (again.answer.status, again.answer.body, again.answer.replayed) == (status, first.answer.body, True)


def test_a_chunk_that_cannot_be_taken_refuses_the_whole_submission() -> None:
    """BAT-09: never half applied; the key is told at once, though the chunk does not carry it."""
    scene = Scene().merchant(USD=1_000)
    batch_id = opened(scene)
    add(scene, batch_id, 1, 100)
    record = add(scene, batch_id, 2, 5, currency="JPY")
    assert (record.outcome, facts(record)) == (RecordOutcome.REFUSED, ["BatchRefused"])
    assert told(record)["errors"][0]["pointer"] == "/rows/1/currency"
    assert scene.status(row_payout_id(batch_id, 1)) == "canceled"
    again = scene.when(SealBatch(batch_id=batch_id), key="k")
    assert is_quiet(again)
    assert again.answer is not None
    assert record.answer is not None
    assert (again.answer.status, again.answer.body) == (400, record.answer.body)


def test_a_gap_does_not_refuse_a_submission() -> None:
    """The missing chunk may still come, and a question for the next row is no fault."""
    scene = Scene().merchant(USD=1_000)
    batch_id = opened(scene)
    assert is_refusal(add(scene, batch_id, 2, 5), 409, "row_gap")
    add(scene, batch_id, 1, 100)
    scene.given(SealBatch(batch_id=batch_id), key="k")


def test_a_seal_without_the_key_still_answers_it() -> None:
    """Whoever finishes the batch, its key does not stay in flight."""
    scene = Scene().merchant(USD=1_000)
    batch_id = opened(scene)
    add(scene, batch_id, 1, 100)
    scene.given(SealBatch(batch_id=batch_id))
    again = scene.when(OpenBatch(batch_id=scene.mint(), submit=True), key="k")
    assert again.answer is not None
    assert again.answer.status == 200
