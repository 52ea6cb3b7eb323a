"""What goes into the archive, what does not, and that nothing is lost on the way, whatever happens."""

import psycopg
import pytest

from schemas import commands
from schemas.ids import row_payout_id
from services.projector import archive as archiving
from services.projector.archive import Done
from services.projector.changes import Changes
from services.projector.months import Month
from services.projector.moves import DriftError, Move
from tests.integration.archive.months_story import MERCHANT, MonthsStory
from tests.integration.archive.moved import PER_MONTH, archived, counts, go_on, whole
from tests.integration.projector.views import PARTITION, Views


async def test_finished_months_leave_the_hot_tables_whole_and_nothing_is_lost(views: Views) -> None:
    before = whole(views)
    done = archived(views)
    assert done == [Done(Month(2026, month), PER_MONTH) for month in (1, 2, 3)]
    assert whole(views) == before
    hot, cold, hot_changes, cold_changes = counts(views)
    assert (hot, cold) == (PER_MONTH, 3 * PER_MONTH)
    assert cold_changes == 3 * hot_changes
    assert {str(row["tableoid"]) for row in views.rows("SELECT DISTINCT tableoid::regclass FROM archived_payouts")} == {
        f"archived_payouts_2026_0{month}" for month in (1, 2, 3)
    }


async def test_a_repeat_finds_nothing_to_do(views: Views) -> None:
    archived(views)
    before = whole(views)
    assert archived(views) == []
    assert whole(views) == before


@pytest.mark.parametrize("end", ["pending", "open batch"])
async def test_a_month_with_something_unfinished_is_refused_by_name_and_the_others_go(
    end: str, views: Views, story: MonthsStory
) -> None:
    story.begin("2026-02", later=1_000_000)
    first = story.request() if end == "pending" else row_payout_id(story.batch(MERCHANT, 3), 1)
    await go_on(views, story)
    before = whole(views)
    january, february, march = archived(views)
    assert (january.moved, march.moved) == (PER_MONTH, PER_MONTH)
    assert (february.moved, february.refused) == (0, True)
    assert f"{1 if end == 'pending' else 3} payouts are not finished, the first is {first} (pending)" == february.left
    assert whole(views) == before
    assert counts(views)[1] == 2 * PER_MONTH


async def test_what_comes_into_a_month_while_it_goes_stays_if_it_is_unfinished(
    views: Views, story: MonthsStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.begin("2026-02", later=1_000_000)
    story.request()
    await go_on(views, story)
    look, looks = archiving._unfinished, []

    def too_early(connection: psycopg.Connection, month: Month) -> str | None:
        looks.append(month)
        return None if looks.count(month) == 1 else look(connection, month)

    monkeypatch.setattr(archiving, "_unfinished", too_early)
    february = archived(views, "2026-03")[1]
    assert february.moved == PER_MONTH
    assert "1 payouts are not finished" in str(february.left)
    assert views.rows("SELECT status FROM payouts WHERE id < %s", Month(2026, 3).lowest_id()) == [{"status": "pending"}]


KILL = """
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
CREATE TRIGGER die BEFORE INSERT ON archived_changes_2026_02 FOR EACH ROW WHEN (NEW.payout_id = '{}') EXECUTE FUNCTION die()
"""


async def test_a_crash_in_the_middle_loses_and_doubles_nothing_and_a_repeat_goes_on(
    views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies in the middle of a transaction, in the middle of a month: payouts have gone over, their changes have not."""
    monkeypatch.setattr(archiving, "CHUNK", 4)
    before = whole(views)
    with psycopg.connect(views.url, autocommit=True, options=f"-c search_path={views.schema}") as connection:
        archiving._make_tables(connection, Month(2026, 2), None)
    february = views.rows("SELECT id::text FROM payouts WHERE id >= %s ORDER BY id", Month(2026, 2).lowest_id())
    views.execute(KILL.format(february[6]["id"]))
    with pytest.raises(psycopg.OperationalError):
        archived(views)
    assert whole(views) == before
    assert counts(views)[1] == PER_MONTH + 4
    views.execute("DROP FUNCTION die CASCADE")
    assert archived(views) == [Done(Month(2026, 2), PER_MONTH - 4), Done(Month(2026, 3), PER_MONTH)]
    assert whole(views) == before
    assert counts(views)[:2] == [PER_MONTH, 3 * PER_MONTH]


async def test_a_row_that_somebody_changes_now_is_left_for_the_next_run_and_nobody_waits(views: Views) -> None:
    before = whole(views)
    with views.connect() as busy:
        busy.execute("SELECT 1 FROM payouts WHERE id < %s ORDER BY id LIMIT 1 FOR UPDATE", [Month(2026, 2).lowest_id()])
        january = archived(views, "2026-02")[0]
    assert (january.moved, january.refused) == (PER_MONTH - 1, False)
    assert "1 payouts came or changed meanwhile" in str(january.left)
    assert [done.moved for done in archived(views, "2026-02")] == [1]
    assert whole(views) == before


async def test_a_month_goes_into_the_tablespace_that_was_named(views: Views) -> None:
    with psycopg.connect(views.url, autocommit=True, options="-c allow_in_place_tablespaces=on") as connection:
        connection.execute("DROP TABLESPACE IF EXISTS cold")
        connection.execute("CREATE TABLESPACE cold LOCATION ''")
        archived(views, "2026-02", tablespace="cold")
        placed = "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablespace = 'cold' ORDER BY 1"
        names = connection.execute(placed, [views.schema]).fetchall()
        assert [row[0] for row in names] == ["archived_changes_2026_01", "archived_payouts_2026_01"]
        connection.execute(f"DROP SCHEMA {views.schema} CASCADE")
        connection.execute("DROP TABLESPACE cold")


async def _returned(views: Views, payout_id: str, expects: int = 3) -> None:
    """A change that the law has for a completed payout, in a transaction with one of a payout that is hot."""
    async with views.store() as store:
        position = await store.position(PARTITION)
        changes = Changes(PARTITION, position.next_offset, position.next_source)
        hot = views.rows("SELECT id::text, version, status FROM payouts ORDER BY id DESC LIMIT 1")[0]
        at = {"updated_at": 1_790_000_000_000}
        changes.payouts().move(payout_id, Move(expects=expects, version=expects + 1, status="returned", **at))
        move = Move(expects=hot["version"], version=hot["version"] + 1, status=hot["status"], **at)
        changes.payouts().move(hot["id"], move)
        for idx, (name, version, status) in enumerate(
            [(payout_id, expects + 1, "returned"), (hot["id"], hot["version"] + 1, hot["status"])]
        ):
            tail = "\\N\t1\t\\N\t\\N\t\\N\t\\N\t\\N\t1790000000000\tapi\tlate"
            changes.changes.append(
                f"{PARTITION}\t{position.next_offset}\t{idx}\t{name}\t{MERCHANT}\t\\N\t{version}\t{status}\t{tail}\n"
            )
        changes.next_offset, changes.next_source = position.next_offset + 1, position.next_source + 1
        await store.apply(changes)


def _paid(views: Views) -> str:
    query = (
        "SELECT id::text FROM all_payouts WHERE status = 'completed' AND merchant_id = %s AND batch_id IS NULL ORDER BY id"
    )
    return str(views.rows(query, MERCHANT)[0]["id"])


async def test_a_change_of_an_archived_payout_brings_it_back_and_it_goes_again(views: Views, never_archived: Views) -> None:
    archived(views)
    late = _paid(views)
    for schema in (views, never_archived):
        await _returned(schema, late)
    assert views.rows("SELECT status, version FROM payouts WHERE id = %s", late) == [{"status": "returned", "version": 4}]
    assert views.rows("SELECT 1 FROM archived_payouts WHERE id = %s", late) == []
    assert whole(views) == whole(never_archived)
    assert [done.moved for done in archived(views)] == [1]
    assert whole(views) == whole(never_archived)
    assert views.rows("SELECT 1 FROM payout_changes WHERE payout_id = %s", late) == []


async def test_a_change_that_does_not_follow_an_archived_payouts_version_is_drift_and_leaves_it_there(views: Views) -> None:
    archived(views)
    before = [views.dump(), counts(views)]
    with pytest.raises(DriftError):
        await _returned(views, _paid(views), expects=9)
    assert [views.dump(), counts(views)] == before


async def test_the_projector_goes_on_beside_the_archive(views: Views, story: MonthsStory) -> None:
    """New payouts of an archived month too: a file that was begun in it may end later."""
    archived(views)
    story.begin("2026-01", later=1_000_000)
    payout_id = story.request()
    story.tell(MERCHANT, commands.CancelPayout(payout_id=payout_id))
    await go_on(views, story)
    assert [done.moved for done in archived(views)] == [1]
    assert views.rows("SELECT status FROM archived_payouts WHERE id = %s", payout_id) == [{"status": "canceled"}]
