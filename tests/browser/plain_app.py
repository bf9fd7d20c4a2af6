"""Shows people's text the three ways a page shows it inside Markdown."""

import streamlit as st

from pilot_core.web.components.text import plain

TEXTS = (
    "![pixel](https://evil.example/pixel.png)",
    "[sign in](https://evil.example)",
    "<https://evil.example> and https://evil.example/x?y=1 and http://evil.example",
    "www.evil.example, WWW.evil.example",
    "mail me at alice@example.com or mailto:alice@example.com",
    "<img src=x onerror=alert(1)><script>alert(1)</script><b>bold</b>",
    "&lt;b&gt; &amp; &#42;bold&#42; &copy;",
    "*one* **two** _three_ __four__ ~~five~~ ~six~ ***seven***",
    "snake_case_name and 2*3*4 and `code` and ``more ` code``",
    "$x^2$ costs $5, $$y$$, \\(z\\)",
    ":red[stop] :green-background[go] :blue-badge[new] :rainbow[all] :small[s] :shimmer[s]",
    ':color[x]{foreground="#E03131" background="#FFF5F5"}',
    ":smile: :+1: :-1: :tada::tada: :streamlit: :material/delete: 12:30:45",
    "a -> b <- c <-> d -- e >= f <= g ~= h --- i ... j",
    "# heading",
    "- item",
    "1. first",
    "> quote",
    "| a | b |",
    "```mermaid",
    "[^1] and [x]: https://evil.example",
    "\\*already escaped\\* back\\slash\\",
    "- [ ] task",
    "===",
    "::: note",
    "Zoë “Ñandú” 青竹科技 نور للتعليم שלום 🎉",
    '=HYPERLINK("https://evil.example","x")',
)

if __name__ == "__main__":
    for number, text in enumerate(TEXTS):
        with st.container(key=f"text_{number}"):
            st.markdown(plain(text))
        st.button(plain(text), key=f"button_{number}")
