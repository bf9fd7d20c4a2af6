"""Settings: each field is described, secrets are never shown, and each error is one sentence."""

import re

import pytest

from pilot_core.errors import InvalidRequest
from pilot_core.settings import Settings, described, read_settings
from pilot_core.web.pages.diagnostics import facts

HUSH = "hush-hush-hush-hush-hush-hush-hush-hush"
SECRETS = {
    "PILOT_OPS_DATABASE_URL": f"postgresql://pilot:{HUSH}@db.example.com/pilots",
    "PILOT_OPS_SECRET": HUSH,
    "PILOT_OPS_SMTP_PASSWORD": HUSH,
    "PILOT_OPS_WEBHOOK": f"https://chat.example.com/{HUSH}",
    "PILOT_OPS_WEBHOOK_SECRET": HUSH,
    "PILOT_OPS_COMMAND": f"/opt/make --key={HUSH}",
}


def test_every_setting_has_a_variable_of_its_own_and_a_sentence() -> None:
    found = described()
    assert len({one.variable for one in found}) == len(found) == len(Settings.model_fields)
    for one in found:
        assert re.fullmatch(r"PILOT_OPS_[A-Z_]+|FORWARDED_ALLOW_IPS", one.variable)
        assert one.help.endswith("."), one.variable


def test_the_diagnostics_page_shows_every_setting_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    shown = {variable: value for _, value, variable in facts.in_force(read_settings())}
    assert {one.variable for one in described()} < set(shown)
    assert HUSH not in str(shown)
    assert {name: shown[name] for name in SECRETS} == {
        "PILOT_OPS_DATABASE_URL": "set",
        "PILOT_OPS_SECRET": "set",
        "PILOT_OPS_SMTP_PASSWORD": "set",
        "PILOT_OPS_WEBHOOK": "chat.example.com",
        "PILOT_OPS_WEBHOOK_SECRET": "set",
        "PILOT_OPS_COMMAND": "make",
    }
    assert HUSH not in repr(read_settings()).replace(f"'--key={HUSH}'", "")


def test_a_variable_that_is_empty_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in described():
        if one.variable != "PILOT_OPS_STORE":
            monkeypatch.setenv(one.variable, " ")
    assert read_settings().model_dump(exclude={"store"}) == Settings().model_dump(exclude={"store"})
    assert (read_settings().renders_at_once, read_settings().mail, read_settings().webhook) == (1, None, None)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PILOT_OPS_RENDERS", "none", "is “none”; it must be a number of at least 1."),
        ("PILOT_OPS_RENDERS", "0.5", "is “0.5”; it must be a number of at least 1."),
        ("PILOT_OPS_ANSWER_HOURS", "nan", "is “nan”; it must be a number of at least 1."),
        ("PILOT_OPS_LOG_LEVEL", "loud", "is “loud”; it must be one of: debug, info, warning, error."),
        ("PILOT_OPS_LEADS", "mara", "names “mara”; give e-mail addresses, or domains as @example.com."),
        ("PILOT_OPS_COMMAND", 'make "x', "is not right: a quotation mark in it has no partner."),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidRequest) as refused:
        read_settings()
    assert str(refused.value) == f"The setting {variable} {sentence}"
    assert refused.value.__cause__ is None
