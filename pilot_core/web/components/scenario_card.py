"""A preview of a scenario with a brand: the beats in the brand's colours, the length and the tone."""

from html import escape

import streamlit as st

from pilot_core import catalog
from pilot_core.catalog import Brand, Scenario

WIDTH, BAR, STEP = 320, 26, 34


def show(scenario_id: str, brand_id: str) -> None:
    """Draw the card."""
    scenario, brand = catalog.scenario(scenario_id), catalog.brand(brand_id)
    intent = catalog.intents()[scenario.intent]
    with st.container(border=True):
        st.header("What it will be")
        st.markdown(
            f"{scenario.min_seconds:.0f}–{scenario.max_seconds:.0f} s, {intent.width}×{intent.height}, "
            f"as a {intent.label.lower()}."
        )
        st.image(_beats(scenario, brand), width="stretch", alt=_beats_words(scenario))
        st.markdown(
            f"**{brand.label}** speaks in a {brand.tone} tone, with {brand.pacing_label} pacing "
            f"({brand.pacing:g} of 1) and {brand.claims} claims."
        )
        st.image(_swatches(brand), width="stretch", alt=_swatches_words(brand))


def _beats(scenario: Scenario, brand: Brand) -> str:
    """Return the beats from top to bottom as an SVG, each as tall as its share of the video."""
    height = 300
    drawn, top = [], 0.0
    for place, beat in enumerate(scenario.beats):
        tall = beat.share * height
        ground = brand.palette.accent if beat.id == "cta" else (brand.palette.dark, brand.palette.deep)[place % 2]
        ink = brand.palette.dark if beat.id == "cta" else brand.palette.light
        line = f'y="{top + tall / 2 + 4.5:.1f}" fill="{ink}"'
        drawn.append(
            f'<rect x="0" y="{top:.1f}" width="{WIDTH}" height="{tall:.1f}" fill="{ground}"/>'
            f'<text x="14" {line}>{escape(beat.label)}</text>'
            f'<text x="{WIDTH - 14}" {line} text-anchor="end">{beat.share:.0%}</text>'
        )
        top += tall
    return _svg(height, "".join(drawn) + _frame(height))


def _beats_words(scenario: Scenario) -> str:
    return "Beats in order: " + ", ".join(f"{beat.label} {beat.share:.0%}" for beat in scenario.beats)


def _swatches(brand: Brand) -> str:
    colours = brand.palette.model_dump()
    wide = WIDTH / len(colours)
    drawn = [
        f'<rect x="{place * wide:.1f}" y="0" width="{wide:.1f}" height="{BAR}" fill="{colour}"/>'
        f'<text x="{place * wide + 2:.1f}" y="{BAR + 15}" fill="#8A929C" font-size="11">{escape(name)}</text>'
        for place, (name, colour) in enumerate(colours.items())
    ]
    return _svg(BAR + 20, "".join(drawn) + _frame(BAR))


def _swatches_words(brand: Brand) -> str:
    return "Palette: " + ", ".join(f"{name} {colour}" for name, colour in brand.palette.model_dump().items())


def _frame(height: float) -> str:
    """Return an outline, since a palette may have the page's background colour."""
    size = f'width="{WIDTH - 1}" height="{height - 1:.0f}"'
    return f'<rect x="0.5" y="0.5" {size} fill="none" stroke="#8A929C" stroke-opacity="0.5"/>'


def _svg(height: float, inside: str) -> str:
    size = f'viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">{inside}</svg>'
