import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.maintenance.state_file_findings import not_taken_in
from pilot_core.store.queries import diagnosis
from pilot_core.web.access.current_app import app
from pilot_core.web.access.page_guard import require
from pilot_core.web.components import erasure_notice
from pilot_core.web.pages.diagnostics import backups, erased, facts, messages, renders, state_files, status, storage
from pilot_core.web.server.background import watch_of

visitor = require(Role.LEAD)

now, config = app().store.clock(), app().settings
with st.spinner("Measuring the store", show_time=True):
    sizes = storage.cached_sizes(str(app().store.root))
held, queue = diagnosis.counts(app().store.database), renders.queue(app().store, now, config.workers_database_url)
failures = diagnosis.recent_failures(app().store.database, renders.SHOWN)
many_lost, lost = diagnosis.lost_messages(app().store.database, messages.SHOWN)
made = backups.nightly_backups(config.backups)
of_store = storage.status(app().store, sizes)
of_files = state_files.status(unread := not_taken_in(app().store))
of_check = storage.check_status(app().store)
of_backups = backups.status(config.backups, made, now)
of_renders = renders.status(queue, watch_of(app().store), config.renders_at_once, now)
of_failures = renders.failures_status(failures, now)
of_messages = messages.status(many_lost, config)

st.title(
    status.headline([of_store, of_files, of_check, of_backups, of_renders, of_failures, of_messages]), anchor=False
)
erasure_notice.show_done()
storage.show(of_store, sizes, held)
left, right = st.columns(2, gap="large")
with left:
    renders.show(of_renders, queue, now)
    renders.show_failures(of_failures, failures)
    messages.show(of_messages, app().store, lost, many_lost, config)
    messages.show_digests(app().store, config)
with right:
    state_files.show(of_files, unread)
    storage.show_check(app().store, of_check, config.workers_database_url)
    backups.show(of_backups, made)
erased.show(app().store, visitor.actor)
facts.show(app().store, config)
