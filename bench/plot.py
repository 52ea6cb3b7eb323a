"""A plain SVG of lines over time, or over a size: a few panels below each other.

Owns scales, ticks and colours. Must not know what is drawn.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 900, 260, 80, 190, 34, 40
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f", "#000000")


class Panel(NamedTuple):
    """One plot: named lines over the same axes. `dots` draws points without lines, `log` spaces x by powers of ten."""

    title: str
    x: str
    y: str
    lines: Mapping[str, Points]
    dots: bool = False
    log: bool = False


def write(path: Path, panels: Sequence[Panel]) -> None:
    """All panels with something in them, in one file."""
    shown = [panel for panel in panels if any(panel.lines.values())]
    body = "".join(_panel(panel, number * HEIGHT) for number, panel in enumerate(shown))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * max(len(shown), 1)}"'
    path.write_text(
        f'{head} font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>{body}</svg>\n'
    )


def rates(samples: Sequence[Sequence[float]], place: int, step: float = 1.0) -> list[tuple[float, float]]:
    """Per-second rates from a running count: one point per `step` seconds (fewer where there are few samples)."""
    points, (at, count) = [], (samples[0][0], samples[0][place]) if samples else (0.0, 0)
    for sample in samples:
        if sample[0] - at >= step:
            points.append(((sample[0] + at) / 2, (sample[place] - count) / (sample[0] - at)))
            at, count = sample[0], sample[place]
    return points


def _panel(panel: Panel, above: int) -> str:
    points = [point for line in panel.lines.values() for point in line]
    xs = [_scaled(x, panel.log) for x, _ in points]
    low, high = min(xs), max(*xs, min(xs) + 1e-9)
    most = max(1e-9, *(y for _, y in points))
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        along = (_scaled(x, panel.log) - low) / (high - low)
        return LEFT + along * wide, above + TOP + tall * (1 - y / most)

    parts = [
        _text(LEFT, above + 20, panel.title, weight="bold"),
        _text(LEFT + wide / 2, above + HEIGHT - 6, panel.x, "middle"),
    ]
    for tick in _ticks(most):
        level = place(points[0][0], tick)[1]
        parts.append(f'<path d="M{LEFT} {level:.1f}h{wide}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 6, level + 4, f"{tick:,g}", "end"))
    parts.append(_text(LEFT - 6, above + 20, panel.y, "end"))
    parts += _x_ticks(panel, sorted({x for x, _ in points}), place, above + HEIGHT - 24)
    for number, (name, line) in enumerate(panel.lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(_text(LEFT + wide + 12, above + TOP + 14 + 16 * number, name, colour=colour))
        parts.append(_dots(line, place, colour) if panel.dots else _line(line, place, colour))
    return "".join(parts)


def _x_ticks(panel: Panel, xs: list[float], place: object, y: float) -> list[str]:
    assert callable(place)
    wanted = xs if panel.log else [tick for tick in _ticks(xs[-1]) if tick >= xs[0]]
    return [_text(place(x, 0)[0], y, f"{x:,g}", "middle") for x in wanted]


def _line(line: Points, place: object, colour: str) -> str:
    assert callable(place)
    corners = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in line)
    marks = _dots(line, place, colour) if len(line) < 12 else ""
    return f'<polyline points="{corners}" fill="none" stroke="{colour}" stroke-width="1.5"/>{marks}'


def _dots(line: Points, place: object, colour: str) -> str:
    assert callable(place)
    return "".join('<circle cx="{:.1f}" cy="{:.1f}" r="2" fill="{}"/>'.format(*place(x, y), colour) for x, y in line)


def _text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#222", weight: str = "normal") -> str:
    style = f'text-anchor="{anchor}" fill="{colour}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'


def _ticks(most: float) -> list[float]:
    if most <= 0:  # everything was over within the first second
        return [0.0]
    size = 10 ** math.floor(math.log10(most))
    step = next(step * size for step in (0.1, 0.2, 0.25, 0.5, 1, 2) if most / (step * size) <= 6)
    return [number * step for number in range(int(most / step) + 1)]


def _scaled(x: float, log: bool) -> float:
    return math.log10(max(x, 1.0)) if log else x
