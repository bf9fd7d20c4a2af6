"""The four headline numbers of the overview, each a link to the pilots behind it on the metrics page."""

import streamlit as st

from pilot_core.store.queries.headlines import Headlines
from pilot_core.web.components import links, metric_card
from pilot_core.web.components.headline_cards import headline_cards
from pilot_core.web.components.metric_card import MetricCard


def show(numbers: Headlines) -> None:
    """Draw the cards."""

    def behind(card: MetricCard) -> None:
        first = numbers.cohort.created_from
        address = {"behind": card.group} | ({"from": first.isoformat()} if first else {})
        st.page_link(links.METRICS, label="See the pilots", query_params=address)

    metric_card.show_all(headline_cards(numbers, numbers.sparklines), numbers.cohort.words, behind, columns=2)
