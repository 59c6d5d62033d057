"""The charts of the front page: small SVGs that take their colours from the page's stylesheet and hold no text.

Vega draws them: scales, ticks and shapes are not ours to get wrong. What a chart shows stands in words beside it, so a
screen reader passes it over. Only numbers go in: no text of an article can come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import vl_convert
from markupsafe import Markup

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega/v6.json"  # the version of the grammar; nothing is fetched from there
# In CSS pixels, as the page shows them at most; a narrow screen scales them down.
SPARKLINE = (120, 30)
SCALE = (300, 22)
SIDES = (300, 44)
COLUMNS = (252, 34)
# The least and the most area of a dot, in square pixels.
DOT_AREAS = (50, 420)
RULER: dict[str, list[Spec]] = {"ruler": [{}], "ticks": [{"at": -1}, {"at": 0}, {"at": 1}]}


def sparkline(values: Sequence[float]) -> Markup:
    """A line over days, oldest first, from 0 to its highest value; its last day is a dot."""
    points = [{"x": x, "y": y} for x, y in enumerate(values)]
    place = {"x": {"scale": "x", "field": "x"}, "y": {"scale": "y", "field": "y"}}
    floor = {"y2": {"scale": "y", "value": 0}}
    marks = [
        _mark("area", "points", place | floor | _fill("--wash")),
        _mark("line", "points", place | _stroke("--accent", 1.5)),
        _mark("symbol", "last", place | _fill("--accent") | {"size": {"value": 26}}),
    ]
    days = _scale("x", "width", [0, max(len(points) - 1, 1)])
    return _draw(SPARKLINE, 4, {"points": points, "last": points[-1:]}, [days, _height(values)], marks)


def interval(mean: float, low: float, high: float) -> Markup:
    """A mean on the scale from -1 to 1 with its interval, coloured where the interval leaves out 0.

    A ring stands for a mean whose interval is the whole scale: a bar from end to end would look like knowledge.
    """
    if low <= -1 and high >= 1:
        ring = _at("mean") | _fill("--paper") | _stroke("--neutral", 2) | {"size": {"value": 60}}
        marks = [*_ruler(), _mark("symbol", "one", ring)]
        return _draw(SCALE, 6, {"one": [{"mean": mean}]}, [_scale("x", "width", [-1, 1])], marks)
    colour = "--positive" if low > 0 else "--negative" if high < 0 else "--neutral"
    middle = {"yc": {"signal": "height / 2"}}
    bar = {"x": {"scale": "x", "field": "low"}, "x2": {"scale": "x", "field": "high"}, "height": {"value": 8}}
    marks = [
        *_ruler(),
        _mark("rect", "one", bar | middle | _fill(colour) | {"cornerRadius": {"value": 4}, "opacity": {"value": 0.45}}),
        _mark("symbol", "one", _at("mean") | _fill(colour) | _stroke("--paper", 1.5) | {"size": {"value": 90}}),
    ]
    one = [{"mean": mean, "low": low, "high": max(high, low + 0.02)}]
    return _draw(SCALE, 6, {"one": one}, [_scale("x", "width", [-1, 1])], marks)


def sides(holders: Sequence[tuple[float, int, str]]) -> Markup:
    """Holders on the scale from -1 to 1: a dot each, of (mean, statements, side); its area tells the statements."""
    dots = [{"mean": mean, "n": n, "side": side} for mean, n, side in sorted(holders, key=lambda h: -h[1])]
    most = max((n for _, n, _ in holders), default=1)
    size = {"name": "size", "type": "linear", "domain": [0, most], "range": list(DOT_AREAS)}
    colours = {"favour": "var(--positive)", "against": "var(--negative)", "unclear": "var(--neutral)"}
    side = {"name": "side", "type": "ordinal", "domain": list(colours), "range": list(colours.values())}
    look = {"fill": {"scale": "side", "field": "side"}, "size": {"scale": "size", "field": "n"}}
    marks = [
        *_ruler(),
        _mark("symbol", "dots", _at("mean") | look | _stroke("--paper", 1.5) | {"opacity": {"value": 0.8}}),
    ]
    return _draw(SIDES, 12, {"dots": dots}, [_scale("x", "width", [-1, 1]), size, side], marks)


def columns(values: Sequence[int | None]) -> Markup:
    """A column a day, oldest first: its height the value; a red stump for 0, nothing where there was no run (None)."""
    days = [{"x": x, "y": y} for x, y in enumerate(values) if y is not None]
    band = {"x": {"scale": "x", "field": "x"}, "width": {"scale": "x", "band": 1}}
    full = band | {"y": {"scale": "y", "field": "y"}, "y2": {"scale": "y", "value": 0}}
    stump = band | {"y": {"signal": "height - 5"}, "height": {"value": 5}}
    marks = [
        _mark("rect", "full", full | _fill("--accent")),
        _mark("rect", "gaps", stump | _fill("--negative")),
    ]
    band_scale = {"name": "x", "type": "band", "range": "width", "domain": list(range(len(values))), "padding": 0.15}
    rows = {"full": [day for day in days if day["y"]], "gaps": [day for day in days if not day["y"]]}
    return _draw(COLUMNS, 1, rows, [band_scale, _height([day["y"] or 0 for day in days])], marks)


def _ruler() -> list[Spec]:
    """The line from -1 to 1 with its ends and its middle marked."""
    along = {"x": {"value": 0}, "x2": {"signal": "width"}, "y": {"signal": "height / 2"}}
    across = {"x": {"scale": "x", "field": "at"}, "y": {"value": 0}, "y2": {"signal": "height"}}
    return [
        _mark("rule", "ruler", along | _stroke("--line", 1)),
        _mark("rule", "ticks", across | _stroke("--line", 1)),
    ]


def _at(field: str) -> Spec:
    return {"x": {"scale": "x", "field": field}, "y": {"signal": "height / 2"}}


def _fill(colour: str) -> Spec:
    return {"fill": {"value": f"var({colour})"}}


def _stroke(colour: str, width: float) -> Spec:
    return {"stroke": {"value": f"var({colour})"}, "strokeWidth": {"value": width}}


def _scale(name: str, extent: str, domain: list[float]) -> Spec:
    return {"name": name, "type": "linear", "range": extent, "domain": domain}


def _height(values: Sequence[float]) -> Spec:
    return _scale("y", "height", [0, max([*values, 1])])


def _mark(kind: str, data: str, encoding: Spec) -> Spec:
    return {"type": kind, "from": {"data": data}, "encode": {"enter": encoding}, "aria": False}


def _draw(
    size: tuple[int, int], padding: int, rows: dict[str, list[Spec]], scales: list[Spec], marks: list[Spec]
) -> Markup:
    width, height = (side - 2 * padding for side in size)
    data = [{"name": name, "values": values} for name, values in (rows | RULER).items()]
    shape = {"width": width, "height": height, "padding": padding, "autosize": "none"}
    svg = vl_convert.vega_to_svg({"$schema": SCHEMA} | shape | {"data": data, "scales": scales, "marks": marks})
    body = svg[svg.index(">") + 1 :]
    head = f'<svg class="chart" aria-hidden="true" focusable="false" width="{size[0]}" height="{size[1]}"'
    return Markup(f'{head} viewBox="0 0 {size[0]} {size[1]}">{body}')
