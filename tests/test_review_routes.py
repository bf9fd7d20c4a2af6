"""Entering the review room, what grants give access to, and reports of watched ranges, over ASGI on a real store."""

import re
from datetime import date

import pytest

from pilot_core import PilotStore
from pilot_core.documents.names import FOUNDER_DOCUMENTS, REVIEW_PACK_TEXTS
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotRun
from pilot_core.review import passphrases
from pilot_core.review.comments import add_comment
from pilot_core.review.links import grant_for, links_of, make_link, open_link, rename_reviewer, revoke_link
from pilot_core.review.receipts import receipts_of
from pilot_core.web.access import rate_limits
from tests.asking import AWAY, Answer, ask, ask_here, fill_in
from tests.conftest import HandClock
from tests.reviewing import LEAD, next_attempt, pilot_in_review, queued_attempt
from tests.served import serve

PASSPHRASE = "drei kleine Ölsardinen"
MANY = 20
ONE_OF_EACH_KIND = (
    "/video.mp4",
    "/poster.jpg",
    "/approval_criteria.txt",
    "/director_notes.txt",
    "/pilot_runbook.txt",
    "/outcome_report.html",
    "/everything.zip",
    "/all.csv",
    "/attempt_1.edl",
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passphrases at a cost of 2^4, to save time."""
    monkeypatch.setattr(passphrases, "COST", 2**4)


@pytest.fixture(autouse=True)
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the routes use the test's store and its clock."""
    serve(monkeypatch, store)
    for name in ("WRONG_TOKENS", "PASSPHRASES", "REPORTS"):
        monkeypatch.setattr(rate_limits, name, rate_limits.Rate(name, 100, 600))


@pytest.fixture
def pilot(store: PilotStore) -> PilotRun:
    """Return a pilot with one ready and one queued attempt, with documents, review packs and a comment."""
    return furnished(store)


def furnished(store: PilotStore, *, queued: bool = True) -> PilotRun:
    pilot = pilot_in_review(store)
    folder = store.root / pilot.pilot_id
    for name in ("pilot_runbook.txt", *FOUNDER_DOCUMENTS):
        (folder / name).write_text(f"{name} of {pilot.pilot_id}")

    def pack(number: int) -> None:
        where = folder / f"attempt_{number}" / "review_pack"
        where.mkdir(parents=True)
        for name in (*REVIEW_PACK_TEXTS, "poster.jpg", "sprite.json", "captions.vtt", "final_video.mp4"):
            (where / name).write_text(f"{name} of {pilot.pilot_id}")

        def work(pilot: PilotRun) -> None:
            attempt = pilot.attempt(number)
            attempt.folder = f"{pilot.pilot_id}/attempt_{number}"
            attempt.review_pack_path = f"{attempt.folder}/review_pack"

        store.change(pilot.pilot_id, work, "pipeline")

    pack(1)
    if queued:
        queued_attempt(store, pilot.pilot_id)
        pack(2)
    return store.load(pilot.pilot_id)


def grants(store: PilotStore) -> int:
    found = store.database.read(lambda connection: connection.execute("SELECT count(*) FROM review_grants").fetchall())
    return int(found[0][0])


def cookie_for(store: PilotStore, pilot_id: str, name: str = "Dana Cruz") -> str:
    return open_link(store, make_link(store, pilot_id, name, actor=LEAD)[1])[1]


def set_cookie(answer: Answer) -> str:
    """Return the grant's token in a response's Set-Cookie header."""
    return answer.cookies["pilot_review"].value


# Entering the room


def test_a_token_is_traded_for_a_cookie_and_leaves_the_address(store: PilotStore, pilot: PilotRun) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    answer = fill_in(f"/r/{token}")
    assert (answer.status, answer.headers["location"], answer.body) == (303, "/review", b"")
    cookie = answer.cookies["pilot_review"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "lax", "/", "")
    assert int(cookie["max-age"]) == (14 * 24 + 15) * 3600, "to the end of the link's last day"
    assert token not in cookie.value
    grant = grant_for(store, cookie.value)
    assert grant is not None
    assert (grant.pilot_id, grant.name) == (pilot.pilot_id, "Dana")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(("scheme", "header"), [("https", {}), ("http", {"x_forwarded_proto": "https"})])
def test_over_https_the_cookie_stays_on_https(
    store: PilotStore, pilot: PilotRun, scheme: str, header: dict[str, str]
) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    answer = fill_in(f"/r/{token}", scheme=scheme, **header)
    assert answer.cookies["pilot_review"]["secure"] is True


def test_wrong_expired_and_revoked_get_the_same_page(store: PilotStore, pilot: PilotRun, clock: HandClock) -> None:
    expired = make_link(store, pilot.pilot_id, "Dana", expires_on=date(2026, 3, 2), actor=LEAD)[1]
    link, revoked = make_link(store, pilot.pilot_id, "Ben", actor=LEAD)
    revoke_link(store, link.link_id, LEAD)
    clock.forward(days=1)
    answers = [ask(f"/r/{token}") for token in (expired, revoked, "made-up", "x" * 5000, "a b%00")]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.body for answer in answers}) == 1
    assert all("set-cookie" not in answer.headers for answer in answers)
    words = answers[0].body.decode()
    assert "Ask whoever sent it for a new one" in words
    assert "AcmeAI" not in words
    assert "Dana" not in words


def test_a_look_at_a_link_changes_nothing_however_often(store: PilotStore, pilot: PilotRun) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    before = store.events(pilot.pilot_id)
    looks = [ask(f"/r/{token}", method) for method in ("GET", "HEAD") for _ in range(30)]
    assert {look.status for look in looks} == {200}
    assert store.events(pilot.pilot_id) == before
    assert receipts_of(store, pilot.pilot_id) == []
    assert grants(store) == 0
    assert all(set(look.cookies) == {"pilot_form", "pilot_preload"} for look in looks)


def test_the_look_of_a_link_is_neutral_and_is_not_found_by_a_search(store: PilotStore, pilot: PilotRun) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    answer = ask(f"/r/{token}")
    page = answer.body.decode()
    assert '<meta property="og:title" content="A video is ready for your review">' in page
    assert '<meta name="robots" content="noindex, nofollow">' in page
    shown = re.search(r'<meta property="og:image" content="(http://[^/]+)(/review/assets/[^"]+)">', page)
    assert shown
    picture = ask(shown[2])
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    assert picture.body.startswith(b"\x89PNG")
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    for word in ("AcmeAI", "Dana", "Alice", LEAD):
        assert word not in page
    assert len(answer.body) < 3_000


def test_opening_is_noted_by_the_act(store: PilotStore, pilot: PilotRun) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    assert fill_in(f"/r/{token}").status == 303
    [receipt] = receipts_of(store, pilot.pilot_id)
    assert (receipt.reviewer, receipt.opened_at) == ("Dana", store.clock())
    assert [e.kind for e in store.events(pilot.pilot_id)].count("link_opened") == 1


def test_a_page_with_a_script_gets_the_room_at_once_and_reports_that_it_is_open(
    store: PilotStore, pilot: PilotRun
) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    answer = fill_in(f"/r/{token}", direct="yes")
    assert answer.status == 200
    assert "Reviewing as <b>Dana</b>" in answer.body.decode()
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.cookies["pilot_review"].value
    assert receipts_of(store, pilot.pilot_id) == []
    body, told = b'{"attempt": 1}', {"origin": f"http://{AWAY}"}
    assert ask("/review/opened", "POST", cookie=cookie, body=body, **told).status == 204
    assert [receipt.reviewer for receipt in receipts_of(store, pilot.pilot_id)] == ["Dana"]


def test_another_link_does_not_replace_a_valid_grant_without_asking(store: PilotStore, pilot: PilotRun) -> None:
    held = cookie_for(store, pilot.pilot_id)
    other = furnished(store, queued=False)
    store.change(other.pilot_id, lambda p: setattr(p, "company_name", "Globex"), LEAD)
    _, token = make_link(store, other.pilot_id, "Ben Ito", actor=LEAD)
    page = ask(f"/r/{token}", cookie=held).body.decode()
    assert "You have another review open" in page
    assert "AcmeAI</b>, as Dana Cruz" in page
    assert "Globex, as Ben Ito" in page
    assert "<script" not in page, "nobody presses it but the reader"
    opened = fill_in(f"/r/{token}", f"pilot_review={held}", replace="")
    assert opened.status == 200, "not without saying so"
    assert grant_for(store, held) is not None
    opened = fill_in(f"/r/{token}", f"pilot_review={held}", replace="yes")
    grant = grant_for(store, set_cookie(opened))
    assert grant is not None
    assert (grant.pilot_id, grant.name) == (other.pilot_id, "Ben Ito")


def test_a_review_behind_a_passphrase_is_not_named_before_it_is_given(store: PilotStore, pilot: PilotRun) -> None:
    other = furnished(store, queued=False)
    store.change(other.pilot_id, lambda p: setattr(p, "company_name", "Globex"), LEAD)
    _, token = make_link(store, other.pilot_id, "Ben Ito", passphrase=PASSPHRASE, actor=LEAD)
    held = f"pilot_review={cookie_for(store, pilot.pilot_id)}"
    page = ask(f"/r/{token}", cookies=held).body.decode()
    assert "another review" in page
    assert "Globex" not in page
    assert fill_in(f"/r/{token}", held, replace="yes", passphrase=PASSPHRASE).status == 303


def test_following_the_link_again_keeps_the_grant_and_its_name(store: PilotStore, pilot: PilotRun) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    cookie = set_cookie(fill_in(f"/r/{token}"))
    grant = grant_for(store, cookie)
    assert grant is not None
    rename_reviewer(store, grant, "Dana’s colleague")
    again = set_cookie(fill_in(f"/r/{token}", f"pilot_review={cookie}"))
    assert again == cookie
    assert set_cookie(fill_in(f"/r/{token}", "pilot_review=another")) != cookie


def test_a_passphrase_is_asked_for_on_a_page_without_script(store: PilotStore, pilot: PilotRun) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    asked = ask(f"/r/{token}")
    page = asked.body.decode()
    assert asked.status == 200
    assert "<script" not in page
    assert '<form method="post"' in page
    assert "action=" not in page, "it goes to the same address"
    assert "default-src 'none'" in asked.headers["content-security-policy"]
    assert "AcmeAI" not in page
    wrong = _typed(token, "something else")
    assert wrong.status == 403
    assert "That is not the passphrase; 4 tries are left." in wrong.body.decode()
    assert _typed(token, "").status == 200
    right = _typed(token, PASSPHRASE)
    assert (right.status, right.headers["location"]) == (303, "/review")
    assert grant_for(store, set_cookie(right)) is not None
    again = ask(f"/r/{token}", cookie=set_cookie(right)).body.decode()
    assert "Passphrase" not in again, "asked once in this browser"


def test_five_wrong_passphrases_lock_the_link_for_a_while_even_for_the_right_one(
    store: PilotStore, pilot: PilotRun, clock: HandClock
) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    statuses = [_typed(token, f"guess number {n}").status for n in range(5)]
    assert statuses == [403, 403, 403, 403, 429]
    locked = _typed(token, PASSPHRASE)
    assert locked.status == 429
    assert "The link opens again in 15 minutes; try then." in locked.body.decode()
    assert "<form" not in locked.body.decode()
    clock.forward(minutes=15, seconds=1)
    assert _typed(token, PASSPHRASE).status == 303


def test_what_is_typed_at_the_door_is_never_markup_and_never_too_much(store: PilotStore, pilot: PilotRun) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    answer = _typed(token, "<script>alert(1)</script>")
    assert b"<script" not in answer.body
    assert ask(f"/r/{token}", "POST", body=b"passphrase=" + b"x" * 100_000).status == 403
    assert ask(f"/r/{token}", "POST", body=b"\xff\xfe=&&&=;").status == 403
    assert links_of(store, pilot.pilot_id)[0].locked_until is None


def _typed(token: str, passphrase: str) -> Answer:
    return fill_in(f"/r/{token}", passphrase=passphrase)


# What a grant gives access to


def addresses(pilot: PilotRun) -> dict[str, list[str]]:
    """Return every address of a pilot's files: those given to its reviewer, and the team's own."""
    base, attempt = f"/download/{pilot.pilot_id}", pilot.runs[0].attempt_id
    given = [f"/watch/{attempt}/{name}" for name in ("video.mp4", "poster.jpg", "sprite.json", "captions.vtt")]
    given += [f"{base}/{name}" for name in FOUNDER_DOCUMENTS]
    given += [f"{base}/attempt_1/review_pack/{name}" for name in REVIEW_PACK_TEXTS]
    own = [f"{base}/attempt_1/review_pack/final_video.mp4"]
    own += [f"{base}/{name}" for name in ("pilot_runbook.txt", "outcome_report.md", "outcome_report.html")]
    own += [f"{base}/{name}" for name in ("everything.zip", "comments/all.csv", "comments/attempt_1.edl")]
    own += [f"{base}/comments/attempt_1.xml", f"{base}/attempt_1/draft_v1.mp4"]
    if len(pilot.runs) > 1:
        own += [f"{base}/attempt_2/review_pack/{name}" for name in REVIEW_PACK_TEXTS]
        own += [f"/watch/{pilot.runs[1].attempt_id}/poster.jpg"]
    return {"given": given, "own": own}


def test_a_grant_reaches_what_the_founder_is_given_and_not_what_is_the_teams(
    store: PilotStore, pilot: PilotRun
) -> None:
    cookie = cookie_for(store, pilot.pilot_id)
    for path in addresses(pilot)["given"]:
        assert ask(path, cookie=cookie).status == 200, path
    for path in addresses(pilot)["own"]:
        assert ask(path, cookie=cookie).status == 404, path
        assert ask(path, host="localhost:8501").status in (200, 404), path
    assert ask(f"/download/{pilot.pilot_id}/everything.zip", host="localhost:8501").status == 200


def test_nobody_without_a_grant_reaches_anything(pilot: PilotRun) -> None:
    for path in [*addresses(pilot)["given"], *addresses(pilot)["own"]]:
        assert ask(path).status == 404, path
        assert ask(path, cookie="made-up").status == 404, path
        assert ask(path, host="localhost:8501", x_forwarded_for="203.0.113.7").status == 404, path


def test_of_twenty_pilots_a_grant_reaches_one_and_the_others_answer_as_if_they_did_not_exist(store: PilotStore) -> None:
    with store.database.session():
        pilots = [furnished(store, queued=False) for _ in range(MANY)]
        cookies = [cookie_for(store, pilot.pilot_id) for pilot in pilots]
        own = [addresses(pilot)["given"] for pilot in pilots]
        every = [paths + addresses(pilot)["own"] for paths, pilot in zip(own, pilots, strict=True)]
        # Another name of the same kind takes the same code path; all of them are requested of one pilot each.
        kinds = [[path for path in paths if path.endswith(ONE_OF_EACH_KIND)] for paths in every]
        nowhere = {ask_here(path, cookies[0]) for path in ("/watch/nobody_a1/video.mp4", "/download/nobody/x.txt")}
        told: list[Answer] = []
        for mine, cookie in enumerate(cookies):
            assert {ask_here(path, cookie).status for path in own[mine]} == {200}
            told += [ask_here(path, cookie) for path in every[mine - 1]]
            others = [path for theirs, paths in enumerate(kinds) if theirs != mine for path in paths]
            told += [ask_here(path, cookie) for path in others]
    assert len(told) == MANY * (MANY - 1) * len(ONE_OF_EACH_KIND) + MANY * len(every[0])
    assert [answer.status for answer in nowhere] == [404]
    assert set(told) == nowhere, "one answer, whatever was asked for"


def test_a_revoked_or_expired_grant_stops_at_the_next_request(
    store: PilotStore, pilot: PilotRun, clock: HandClock
) -> None:
    first, second = cookie_for(store, pilot.pilot_id), cookie_for(store, pilot.pilot_id, "Ben Ito")
    paths = addresses(pilot)["given"]
    assert {ask(path, cookie=cookie).status for path in paths for cookie in (first, second)} == {200}
    grant = grant_for(store, first)
    assert grant is not None
    revoke_link(store, grant.link_id, LEAD)
    assert {ask(path, cookie=first).status for path in paths} == {404}
    assert {ask(path, cookie=second).status for path in paths} == {200}
    clock.forward(days=15)
    assert {ask(path, cookie=second).status for path in paths} == {404}
    assert _report(second, b'{"attempt": 1, "watched": [[0, 3]]}').status == 404


# What was watched


def test_the_film_reports_what_was_watched_for_the_holder_of_the_grant(store: PilotStore, pilot: PilotRun) -> None:
    cookie = cookie_for(store, pilot.pilot_id)
    assert _report(cookie, b'{"attempt": 1, "watched": [[0, 3], [10, 13]]}').status == 204
    assert _report(cookie, b'{"attempt": 1, "watched": [[0, 7]]}').status == 204
    [receipt] = receipts_of(store, pilot.pilot_id)
    assert (receipt.reviewer, receipt.watched_seconds, receipt.watched_fraction) == ("Dana Cruz", 12, 0.6)


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example", f"http://{AWAY}.evil.example", "http://"])
def test_a_report_from_another_page_is_not_taken(store: PilotStore, pilot: PilotRun, origin: str) -> None:
    cookie = cookie_for(store, pilot.pilot_id)
    headers = {"origin": origin} if origin else {}
    answer = ask("/watched", "POST", cookie=cookie, body=b'{"attempt": 1, "watched": [[0, 3]]}', **headers)
    assert answer.status == 404
    assert receipts_of(store, pilot.pilot_id) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"not json",
        b'{"attempt": 2, "watched": [[0, 3]]}',
        b'{"attempt": 99, "watched": [[0, 3]]}',
        b'{"attempt": 1, "watched": 7}',
        b'{"attempt": 1, "watched": [[0]]}',
        b'{"attempt": 1, "watched": [["a", "b"]]}',
        b'{"attempt": 1e400, "watched": []}',
        b'{"attempt": 1, "watched": [' + b"[0, 1]," * 20_000 + b"[0, 1]]}",
        b"[" * 50_000,
    ],
)
def test_a_report_that_makes_no_sense_is_not_taken(store: PilotStore, pilot: PilotRun, body: bytes) -> None:
    cookie = cookie_for(store, pilot.pilot_id)
    assert _report(cookie, body).status == 404
    assert [receipt.watched_seconds for receipt in receipts_of(store, pilot.pilot_id)] in ([], [0])


def test_a_report_without_a_grant_is_not_taken(store: PilotStore, pilot: PilotRun) -> None:
    body = b'{"attempt": 1, "watched": [[0, 3]]}'
    assert ask("/watched", "POST", body=body, origin=f"http://{AWAY}").status == 404
    assert ask("/watched", "POST", cookie="made-up", body=body, origin=f"http://{AWAY}").status == 404
    assert ask("/watched").status == 405


def _report(cookie: str, body: bytes) -> Answer:
    return ask("/watched", "POST", cookie=cookie, body=body, origin=f"http://{AWAY}")


# Exported comments


def test_the_team_takes_comments_out_as_csv_and_as_markers(store: PilotStore, pilot: PilotRun) -> None:
    grant = grant_for(store, cookie_for(store, pilot.pilot_id))
    assert grant is not None
    next_attempt(store, pilot.pilot_id)
    add_comment(store, grant, 2, Anchor(40), "=Slower, please")
    base = f"/download/{pilot.pilot_id}/comments"
    names = ("all.csv", "attempt_2.edl", "attempt_2.xml", "attempt_2.fcpxml")
    found = {name: ask(f"{base}/{name}", host="localhost") for name in names}
    assert {answer.status for answer in found.values()} == {200}
    assert "'=Slower, please" in found["all.csv"].body.decode("utf-8-sig")
    assert b"Dana Cruz: =Slower, please" in found["attempt_2.edl"].body
    assert b"<comment>=Slower, please</comment>" in found["attempt_2.xml"].body
    assert b'value="Dana Cruz: =Slower, please"' in found["attempt_2.fcpxml"].body
    assert b"* LOC: 01:00:01:15 " in found["attempt_2.edl"].body
    assert b"* LOC: 00:00:01:15 " in ask(f"{base}/attempt_2.edl?start=zero", host="localhost").body
    name = re.search(r'filename="(.+)"', found["attempt_2.edl"].headers["content-disposition"])
    assert name is not None
    assert name[1] == f"{pilot.runs[1].attempt_id}_comments.edl"
    for wrong in ("attempt_9.edl", "attempt_2.csv", "everything.csv", "attempt_2.edl.xml", "../pilot_runbook.txt"):
        assert ask(f"{base}/{wrong}", host="localhost").status == 404, wrong


def test_a_film_of_an_odd_rate_says_why_it_has_no_markers(store: PilotStore) -> None:
    pilot = pilot_in_review(store, rate="17")
    answer = ask(f"/download/{pilot.pilot_id}/comments/attempt_1.edl", host="localhost")
    assert answer.status == 422
    assert "Use the CSV instead" in answer.body.decode()
