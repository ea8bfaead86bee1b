# SPDX-License-Identifier: MIT
"""Draw what something costs over the size of the process: a log-log plot as SVG, by hand."""
import math

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 84, 150, 48, 56
TINY = 1 << 20  # what is smaller stands for a process that touched next to nothing
LABEL_GAP = 15
STYLE = {"share": ("calf", "#009e73", ""),
         "cow": ("calf, fork=cow", "#0072b2", "8 3"),
         "eager": ("calf, fork=eager", "#d55e00", "6 4"),
         "linux": ("Linux", "#555555", "2 3"),
         "thp": ("Linux, huge pages", "#aa4499", "8 3 2 3")}


def bytes_text(value):
    if value < TINY:
        return "tiny"
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= size:
            return f"{value / size:g} {unit}"
    return f"{value:g}"


def count_text(power, unit):
    if unit == "KiB":
        return f"{10 ** power:,}"
    for unit, start in (("G", 9), ("M", 6), ("k", 3)):
        if power >= start:
            return f"{10 ** (power - start)} {unit}"
    return str(10 ** power)


class Axes:
    def __init__(self, points):
        xs, ys = [x for x, _ in points], [y for _, y in points]
        self.x0, self.x1 = math.log2(min(xs)), math.log2(max(xs))
        self.y0, self.y1 = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
        self.x1 += self.x1 == self.x0
        self.y1 += self.y1 == self.y0

    def x(self, value):
        share = (math.log2(value) - self.x0) / (self.x1 - self.x0)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        share = (math.log10(value) - self.y0) / (self.y1 - self.y0)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def text(x, y, words, anchor="middle", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{words}</text>'


def grid(axes, places, unit):
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for power in range(axes.y0, axes.y1 + 1):
        y = axes.y(10 ** power)
        yield f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#dddddd"/>'
        yield text(LEFT - 8, y + 4, count_text(power, unit), "end")
    for value in places:
        x = axes.x(value)
        yield f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="#eeeeee"/>'
        yield text(x, bottom + 18, bytes_text(value))
    yield f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#333333"/>'


def curve(axes, name, points, unit):
    label, colour, dash = STYLE[name]
    line = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in points)
    yield (f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" '
           f'stroke-dasharray="{dash}"/>')
    for x, y in points:
        yield (f'<circle cx="{axes.x(x):.1f}" cy="{axes.y(y):.1f}" r="3" fill="{colour}">'
               f'<title>{label}: {y:,.0f} {unit} at {bytes_text(x)}</title></circle>')


def labels(axes, series):
    """The names at the right ends of the curves, pushed apart where they would overlap."""
    last, right = HEIGHT, max(points[-1][0] for points in series.values())
    for name, (x, y) in sorted(((name, points[-1]) for name, points in series.items()),
                               key=lambda item: item[1][1]):
        label, colour, _ = STYLE[name]
        if x < right:  # it ends where it did not fit any more: others may go on to the right
            yield text(axes.x(x) - 8, axes.y(y) - 8, label, "end", f'fill="{colour}"')
            continue
        last = min(axes.y(y) + 4, last - LABEL_GAP)
        yield text(axes.x(x) + 8, last, label, "start", f'fill="{colour}"')


def draw(title, unit, series):
    """series: {run: [(bytes, value)]}. Returns the SVG."""
    points = [point for found in series.values() for point in found]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
             text(LEFT, 26, title, "start", 'font-size="16" font-weight="bold"')]
    if points:
        axes = Axes(points)
        parts += grid(axes, sorted({x for x, _ in points}), unit)
        for name, found in series.items():
            parts += curve(axes, name, found, unit)
        parts += labels(axes, series)
    middle = (HEIGHT - BOTTOM + TOP) / 2
    parts += [text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "memory touched by the process"),
              text(14, middle, unit, "middle", f'transform="rotate(-90 14 {middle})"'),
              "</svg>"]
    return "\n".join(parts) + "\n"
