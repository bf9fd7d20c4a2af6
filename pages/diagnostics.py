import streamlit as st

from pilot_core.settings import settings
from pilot_core.store import diagnosis
from pilot_core.web import access, erasing
from pilot_core.web.background import watch_of
from pilot_core.web.diagnostics_page import backups, erased, facts, messages, storage, words, work
from pilot_core.web.stores import store

visitor = access.require(access.Role.LEAD)

now, config = store().clock(), settings()
with st.spinner("Measuring the store", show_time=True):
    sizes = storage.measured(str(store().root))
held, queue = diagnosis.counts(store().database), work.queue(store(), now)
failures = diagnosis.recent_failures(store().database, work.SHOWN)
many_lost, lost = diagnosis.lost_messages(store().database, messages.SHOWN)
made = backups.nightly_backups(config.backups)
of_store = storage.told(store(), sizes)
of_check = storage.told_of_check(store())
of_backups = backups.told(config.backups, made, now)
of_renders = work.told(queue, watch_of(store()), config.renders_at_once, now)
of_failures = work.told_of_failures(failures, now)
of_messages = messages.told(many_lost, config)

st.title(words.headline([of_store, of_check, of_backups, of_renders, of_failures, of_messages]), anchor=False)
erasing.show_done()
storage.draw(of_store, sizes, held)
left, right = st.columns(2, gap="large")
with left:
    work.draw(of_renders, queue, now)
    work.draw_failures(of_failures, failures)
    messages.draw(of_messages, store(), lost, many_lost, config)
    messages.draw_digests(store(), config)
with right:
    storage.draw_check(store(), of_check)
    backups.draw(of_backups, made)
erased.draw(store(), visitor.name)
facts.draw(config)
