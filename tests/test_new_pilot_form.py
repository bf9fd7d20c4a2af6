"""The new pilot form makes one pilot and leaves no extra video in any case; so does the next attempt's form."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.errors import StoreError
from pilot_core.rendering import launching
from pilot_core.web.components.text import plain
from pilot_core.web.pages.new_pilot import form
from pilot_core.web.routes import uploads
from pilot_core.web.server import lifespan
from tests import test_pages
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot
from tests.served import serve

OpenPage = Callable[..., AppTest]
no_renders, open_page = test_pages.no_renders, test_pages.open_page


def filled(at: AppTest) -> AppTest:
    at.text_input("new_pilot_founder").set_value("Zoë Ñandú")
    at.text_input("new_pilot_company").set_value("Northbeam AI")
    return at


def brought(store: PilotStore, name: str = "upload_0123456789abcdef") -> Path:
    film = store.root / uploads.FOLDER / f"{name}.mp4"
    film.parent.mkdir(exist_ok=True)
    film.write_bytes(b"a film")
    return film


@pytest.fixture
def uploading(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, store)


@pytest.mark.usefixtures("no_renders")
def test_a_pilot_whose_first_cut_could_not_be_begun_is_made_once_and_shown(
    open_page: OpenPage,
    store: PilotStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreError("The disk is full.")

    at = filled(open_page("new_pilot"))
    with monkeypatch.context() as patched:
        patched.setattr(form.pilots, "queue_attempt", full)
        at.button[0].click().run()
    [pilot] = store.load_all()
    assert at.query_params["pilot"] == pilot.pilot_id
    assert [error.value.replace("\\", "") for error in at.error] == [
        "The pilot is saved, but attempt 1 was not started: The disk is full."
    ]
    assert "No attempt has been started yet" in at.info[0].value
    at.query_params.clear()
    filled(at.run()).button[0].click().run()
    assert len(store.load_all()) == 2


@pytest.mark.usefixtures("no_renders")
def test_a_second_click_after_one_that_broke_off_makes_no_second_pilot(
    open_page: OpenPage,
    store: PilotStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    at = filled(open_page("new_pilot"))
    with monkeypatch.context() as patched:
        patched.setattr(launching, "in_a_subprocess", broken)
        at.button[0].click().run()
    at.run()
    if at.button and not at.query_params.get("pilot"):
        filled(at).button[0].click().run()
    [pilot] = store.load_all()
    assert at.query_params["pilot"] == pilot.pilot_id


@pytest.mark.usefixtures("no_renders", "uploading")
def test_a_film_that_a_new_pilot_has_lies_nowhere_else(open_page: OpenPage, store: PilotStore) -> None:
    film = brought(store)
    at = filled(open_page("new_pilot"))
    at.radio("new_pilot_pipeline").set_value("upload").run()
    at.session_state["new_pilot_video"] = {"upload": {"id": film.stem, "name": "film.mp4"}}
    at.button[0].click().run()
    [pilot] = store.load_all()
    launching.process_of(store, pilot.pilot_id, 1).wait()
    [attempt] = pilot.runs
    assert store.path_of(attempt.upload_path or "").read_bytes() == b"a film"
    assert not film.exists()


def test_films_that_nobody_took_up_are_gone_at_the_next_start(store: PilotStore) -> None:
    old, new = brought(store), brought(store, "upload_00000000000000ff")
    os.utime(old, (0, 0))
    lifespan._clear(store)
    assert (old.exists(), new.exists()) == (False, True)


def test_before_a_video_is_made_the_flags_of_earlier_pilots_alike_are_said(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    for place in range(5):
        make_pilot(store, clock, f"One {place}", "m{pacing_rushed}" if place else "A")
    told = "Of {} reviewed pilots with this scenario and aggressive pacing, {} drew “Pacing is rushed” ({})."
    at = open_page("new_pilot")
    at.radio("new_pilot_brand").set_value("acme").run()
    assert plain(told.format(5, 4, "38–96%")) in [caption.value for caption in at.caption]
    at.radio("new_pilot_brand").set_value("wellness").run()
    assert not [caption for caption in at.caption if "drew" in caption.value]
    own = make_pilot(store, clock, "Next", "m{pacing_rushed}")
    at = open_page("pilot", pilot=own.pilot_id)
    assert plain(told.format(5, 4, "38–96%")) in [caption.value for caption in at.caption]


@pytest.mark.usefixtures("no_renders")
def test_the_form_asks_what_the_scenario_has_a_place_for_and_says_what_the_brief_fills(
    open_page: OpenPage, store: PilotStore
) -> None:
    def asked(at: AppTest) -> set[str]:
        return {field.key.removeprefix("new_pilot_") for field in (*at.text_input, *at.text_area) if field.key}

    at = filled(open_page("new_pilot"))
    assert asked(at) & {"problem", "news", "cost"} == {"problem"}
    assert not [caption for caption in at.caption if "The brief fills" in caption.value]
    at.text_input("new_pilot_product").set_value("Kilo Route")
    at.text_input("new_pilot_problem").set_value("Late pallets are found when the truck is empty").run()
    [fills] = [caption.value for caption in at.caption if "The brief fills" in caption.value]
    assert fills.endswith("of at least 30 s. Add the message or a proof point.")

    at.radio("new_pilot_scenario").set_value("funding_announcement").run()
    assert asked(at) & {"problem", "news", "cost"} == {"news"}
    at.text_input("new_pilot_news").set_value("$65 million Series C led by General Catalyst").run()
    at.button[0].click().run()
    [pilot] = store.load_all()
    assert pilot.brief.given() == {"product": "Kilo Route", "news": "$65 million Series C led by General Catalyst"}
