"""Flags: each is handled by a pipeline, or names the brief's field that a person corrects."""

import logging

import pytest

from pilot_core import catalog
from pilot_core.catalog import FlagInfo
from pilot_core.video.pipelines import unanswered_flags
from pilot_core.web.server import lifespan

NEW = FlagInfo(id="too_dark", label="Too dark", help="I could not see it.")


def test_every_flag_of_the_catalogue_has_an_answer() -> None:
    assert unanswered_flags(catalog.flags()) == []


def test_a_flag_that_no_pipeline_answers_is_named_with_what_to_do() -> None:
    assert unanswered_flags({**catalog.flags(), "too_dark": NEW}) == [
        "No pipeline answers the flag too_dark, and it names no field of the brief to correct: a reviewer who raises "
        "it changes nothing. Answer it in a pipeline, or give it “needs” in data/catalog/flags.toml."
    ]


def test_a_flag_that_a_person_answers_in_the_brief_is_not_named() -> None:
    assert unanswered_flags({"too_dark": NEW.model_copy(update={"needs": "message"})}) == []


def test_the_server_warns_of_such_a_flag_when_it_starts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(catalog, "flags", lambda: {"too_dark": NEW})
    with caplog.at_level(logging.WARNING):
        lifespan.warn_of_unanswered_flags()
    assert [record.message[:41] for record in caplog.records] == ["No pipeline answers the flag too_dark, an"]
