"""Format results: lines for the shell, and one self-contained HTML page of plots."""

import math
from collections.abc import Iterator
from html import escape
from typing import Any

from bench.rows import Row

Json = dict[str, Any]
INKS = ("#2b6cb0", "#c05621", "#2f855a", "#805ad5", "#b83280", "#4a5568", "#b7791f")
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;color:#1a202c;background:#fff}
table{border-collapse:collapse;width:100%}td,th{padding:.35rem .6rem;border-bottom:1px solid #e2e8f0;text-align:left;
vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.missed{color:#c53030;
font-weight:600}small{color:#4a5568}svg{width:100%;height:auto}text{font:12px system-ui,sans-serif;fill:#1a202c}
"""


def line(row: Row) -> str:
    """Format a row as one line of text."""
    kept = "kept" if row.kept else "MISSED"
    rival = f" | {row.rival_name} {seconds(row.rival)}{_mb(row.rival_peak)}" if row.rival is not None else ""
    same = "" if row.same is None else ", same found" if row.same else ", NOT THE SAME FOUND"
    ours = f"{seconds(row.ours)}{_mb(row.ours_peak)}"
    return f"{row.name}: {ours}{rival} | {row.told} of {row.target}: {kept}{same}"


def changes(results: Json, before: Json | None) -> Iterator[str]:
    """Yield what became faster or slower since the baseline run.

    Compares ratios to the same rival, so that the machines may differ.
    """
    if not before:
        yield "No run was kept yet; keep one with: make bench KEEP=1"
        return
    yield f"Since the kept run of {before['when'][:10]} ({before['commit']}), beside the same rivals:"
    old = {row["name"]: row for row in before["rows"]}
    for row in results["rows"]:
        was = old.get(row["name"])
        if was is None:
            yield f"  {row['name']}: new"
            continue
        change = _cost(row) / _cost(was)
        yield f"  {row['name']}: {change:.2f}× the cost{_judged(change)}"
    for name, now in results["growth"].items():
        was = before["growth"].get(name)
        if was:
            yield f"  growth of {name}: slope {was['slope']:.2f} → {now['slope']:.2f}"


def page(results: Json, before: Json | None) -> str:
    """Return the HTML page of plots."""
    machine, grown = results["machine"], results["growth"]
    loads = sorted({row["load"] for row in results["rows"]})
    facts = (
        f"{results['when']}, commit {results['commit']}. {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {machine['system']}; load {loads[0]:g} to {loads[-1]:g} while measured. "
        + ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    )
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Pilot Ops: what must stay fast</title>",
        f"<style>{STYLE}</style><h1>What must stay fast</h1><p><small>{escape(facts)}</small></p>",
        _table(results["rows"]),
        "<h2>Times beside the rival’s</h2><p>Seconds, on a log axis: ours filled, the rival’s hollow.</p>",
        _bars(results["rows"], "ours", "rival", seconds),
        "<h2>Peak memory beside the rival’s</h2>",
        _bars(results["rows"], "ours_peak", "rival_peak", lambda value: f"{value:,.0f} MB"),
    ]
    if grown:
        parts += [
            "<h2>How cost grows</h2><p>Seconds by the number of pilots in the store, both axes in decades. The dashed "
            "grey line grows as the number of pilots does. A slope of 1 over the last two decades is that; 0 is none. "
            "Lines with hollow points are PostgreSQL’s.</p>",
            _growth(grown),
        ]
    parts += ["<h2>Since the kept run</h2><pre>", escape("\n".join(changes(results, before))), "</pre></html>\n"]
    return "".join(parts)


def seconds(value: float | None) -> str:
    """Format a time in a suitable unit."""
    if value is None:
        return "–"
    return f"{value:,.1f} s" if value >= 10 else f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def _cost(row: Json) -> float:
    return float(row["ours"]) / float(row["rival"] or 1)


def _judged(change: float) -> str:
    return " (slower)" if change > 1.2 else " (faster)" if change < 1 / 1.2 else ""


def _mb(value: float | None) -> str:
    return "" if value is None else f" ({value:,.0f} MB)"


def _table(rows: list[Json]) -> str:
    heads = ("Work", "Ours", "Against", "Theirs", "Reached", "To reach", "Peak, MB", "Peak of theirs")
    body = []
    for row in rows:
        note = f"<br><small>{escape(row['note'])}</small>" if row["note"] else ""
        peaks = ["–" if row[name] is None else f"{row[name]:,.0f}" for name in ("ours_peak", "rival_peak")]
        missed = "" if row["kept"] else "missed"
        body.append(
            f"<tr><td>{escape(row['name'])}<br><small>{escape(row['work'])}</small>{note}</td>"
            f"<td class='n'>{seconds(row['ours'])}</td><td>{escape(row['rival_name'])}</td>"
            f"<td class='n'>{seconds(row['rival'])}</td><td class='{missed}'>{escape(row['told'])}</td>"
            f"<td>{escape(row['target'])}</td><td class='n'>{peaks[0]}</td><td class='n'>{peaks[1]}</td></tr>"
        )
    return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{''.join(body)}</table>"


def _bars(rows: list[Json], ours: str, rival: str, words: Any) -> str:
    shown = [row for row in rows if row[ours] is not None]
    values = [row[name] for row in shown for name in (ours, rival) if row[name]]
    if not values:
        return ""
    low, high = 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))
    left, width, step = 250, 560, 44

    def across(value: float) -> float:
        return left + width * (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low))

    drawn = []
    for place, row in enumerate(shown):
        y = place * step + 10
        drawn.append(f"<text x='{left - 10}' y='{y + 18}' text-anchor='end'>{escape(row['name'])}</text>")
        for offset, name, style in ((0, ours, "fill='#2b6cb0'"), (14, rival, "fill='none' stroke='#c05621'")):
            if row[name]:
                x = across(row[name])
                drawn.append(f"<rect x='{left}' y='{y + offset}' width='{x - left:.1f}' height='11' {style}/>")
                drawn.append(f"<text x='{x + 6:.1f}' y='{y + offset + 10}'>{escape(words(row[name]))}</text>")
    return f"<svg viewBox='0 0 920 {len(shown) * step + 10}' role='img'>{''.join(drawn)}</svg>"


def _growth(grown: Json) -> str:
    sizes = next(iter(grown.values()))["sizes"]
    values = [value for line in grown.values() for value in line["seconds"]]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    left, top, width, height = 70, 20, 520, 460
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def at(size: float, value: float) -> tuple[float, float]:
        x = left + width * (math.log10(size) - first) / max(1e-9, last - first)
        return x, top + height * (high - math.log10(value)) / (high - low)

    drawn = []
    for size in sizes:
        x, _ = at(size, 1)
        drawn.append(f"<path d='M{x:.0f} {top}V{top + height}' stroke='#e2e8f0'/>")
        drawn.append(f"<text x='{x:.0f}' y='{top + height + 18}' text-anchor='middle'>{size:,}</text>")
    for power in range(low, high + 1):
        _, y = at(sizes[0], 10.0**power)
        label = f"{10**power:,} s" if power >= 0 else f"{10 ** (power + 3):g} ms"
        drawn.append(f"<path d='M{left} {y:.0f}H{left + width}' stroke='#e2e8f0'/>")
        drawn.append(f"<text x='{left - 8}' y='{y + 4:.0f}' text-anchor='end'>{label}</text>")
    decades = min(last - first, high - low)
    (x0, y0), (x1, y1) = at(10 ** (last - decades), 10.0 ** (high - decades)), at(10**last, 10.0**high)
    drawn.append(f"<path d='M{x0:.0f} {y0:.0f}L{x1:.0f} {y1:.0f}' stroke='#a0aec0' stroke-dasharray='5 5'/>")
    ends = sorted((at(sizes[-1], line["seconds"][-1])[1], name) for name, line in grown.items())
    label_at = -math.inf
    labels = {}
    for y, name in ends:
        label_at = labels[name] = max(y, label_at + 18)
    inks = dict(zip([name for name, line in grown.items() if line["engine"] == "DuckDB"], INKS, strict=True))
    for name, line in grown.items():
        hollow = line["engine"] != "DuckDB"
        ink = inks[name.removesuffix(f", {line['engine']}")]
        points = [at(size, value) for size, value in zip(line["sizes"], line["seconds"], strict=True)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        width_of, fill = ("1.5", "#fff") if hollow else ("2.5", ink)
        drawn.append(f"<path d='M{path}' fill='none' stroke='{ink}' stroke-width='{width_of}'/>")
        drawn += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.5' fill='{fill}' stroke='{ink}'/>" for x, y in points]
        told = f"{name}: slope {line['slope']:z.2f}" + ("" if hollow else f" ({line['answer']})")
        drawn.append(
            f"<text x='{left + width + 12}' y='{labels[name] + 4:.0f}' style='fill:{ink}'>{escape(told)}</text>"
        )
    return f"<svg viewBox='0 0 960 {top + height + 30}' role='img'>{''.join(drawn)}</svg>"
