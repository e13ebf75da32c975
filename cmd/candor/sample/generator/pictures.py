"""Drawn harbour scenes, scanned pages and a chart. Everything comes from fixed seeds."""

import io
import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

W, H = 900, 600
S = 2  # scenes are drawn at twice the size, then reduced, which smooths every edge

TYPEWRITER = "/usr/share/fonts/opentype/courier-prime/Courier Prime.otf"
BOOK = "/usr/share/fonts/opentype/ebgaramond/EBGaramond12-Regular.otf"
SANS = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SANS_BOLD = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"


def mix(a, b, t):
    return tuple(int(round(x + (y - x) * t)) for x, y in zip(a, b))


def noise(rng, w, h, cells, stretch=1.0, octaves=4):
    """Smooth noise in 0..1: a sum of small random grids blown up."""
    total = np.zeros((h, w))
    weight = 0.0
    for o in range(octaves):
        n = cells * 2**o
        grid = rng.random((max(2, int(n * stretch)), max(2, n)))
        im = Image.fromarray((grid * 255).astype("uint8")).resize((w, h), Image.BICUBIC)
        total += np.asarray(im, dtype=float) / 255 / 2**o
        weight += 1 / 2**o
    total /= weight
    return (total - total.min()) / (total.max() - total.min())


class Scene:
    """One picture: sky first, then what stands on the horizon, then water, then what floats."""

    def __init__(self, seed, sky, horizon=0.62):
        self.rng = np.random.default_rng(seed)
        self.w, self.h = W * S, H * S
        self.hz = int(self.h * horizon)
        ys = np.linspace(0, 1, self.h)[:, None]
        stops = np.linspace(0, horizon, len(sky))
        rows = np.stack([np.interp(ys[:, 0], stops, [c[i] for c in sky]) for i in range(3)], axis=1)
        arr = np.repeat(rows[:, None, :], self.w, axis=1)
        self.im = Image.fromarray(arr.astype("uint8"), "RGB")

    @property
    def d(self):
        return ImageDraw.Draw(self.im)

    def glow(self, x, y, radius, colour, strength=1.0):
        yy, xx = np.mgrid[0 : self.h, 0 : self.w]
        g = np.exp(-(((xx - x * self.w) ** 2 + (yy - y * self.h) ** 2) / (2 * (radius * self.w) ** 2)))
        a = np.asarray(self.im, dtype=float)
        for i in range(3):
            a[:, :, i] += (colour[i] - a[:, :, i]) * g * strength
        self.im = Image.fromarray(a.clip(0, 255).astype("uint8"), "RGB")

    def disc(self, x, y, r, colour):
        x, y, r = x * self.w, y * self.h, r * self.w
        self.d.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def clouds(self, colour, cover=0.55, soft=0.25, strength=0.8, cells=4):
        n = noise(self.rng, self.w, self.hz, cells, stretch=1.6, octaves=5)
        a = ((n - cover) / soft).clip(0, 1) * strength
        fade = np.linspace(1, 0.35, self.hz)[:, None]
        mask = Image.fromarray((a * fade * 255).astype("uint8"))
        self.im.paste(Image.new("RGB", (self.w, self.hz), colour), (0, 0), mask)

    def hills(self, height, colour, cells=5):
        line = noise(self.rng, self.w, 2, cells, octaves=4)[0]
        pts = [(x, self.hz - height * self.h * (0.25 + 0.75 * line[x])) for x in range(0, self.w, 8)]
        self.d.polygon([(0, self.hz + 4)] + pts + [(self.w, self.hz - 10), (self.w, self.hz + 4)], fill=colour)

    def skyline(self, x0, x1, lo, hi, walls, roof, lit=None, window=None, base=None, wide=1.0):
        """A row of old houses with gables between x0 and x1 (fractions of the width)."""
        r = self.rng
        base = self.hz if base is None else int(base * self.h)
        x = x0 * self.w
        while x < x1 * self.w:
            w = r.uniform(0.028, 0.055) * self.w * wide
            h = r.uniform(lo, hi) * self.h
            self.house(x, base, w, h, walls[r.integers(len(walls))], roof, lit, window)
            x += w

    def house(self, x, base, w, h, wall, roof, lit=None, window=None):
        r, d = self.rng, self.d
        top = base - h
        d.rectangle((x, top, x + w, base), fill=wall)
        kind = r.integers(3)
        peak = w * r.uniform(0.35, 0.6)
        if kind == 0:
            d.polygon([(x - 2, top), (x + w / 2, top - peak), (x + w + 2, top)], fill=roof)
        elif kind == 1:
            d.polygon([(x - 2, top), (x + w * 0.15, top - peak * 0.6), (x + w * 0.85, top - peak * 0.6), (x + w + 2, top)], fill=roof)
        else:
            step = w / 7
            for i in range(4):
                d.rectangle((x + i * step, top - (i + 1) * peak / 4, x + w - i * step, top - i * peak / 4 + 1), fill=wall)
        if r.random() < 0.6:
            cx = x + w * r.uniform(0.2, 0.7)
            d.rectangle((cx, top - peak * 0.9, cx + w * 0.09, top - peak * 0.1), fill=mix(wall, (40, 30, 30), 0.5))
        cols = 3 if w > 0.04 * self.w else 2
        ww, wh = w / (cols * 2.1), w / (cols * 1.5)
        y = top + wh * 0.6
        while y + wh * 1.3 < base:
            for c in range(cols):
                wx = x + w * (c + 0.5) / cols - ww / 2
                on = lit is not None and r.random() < 0.45
                d.rectangle((wx, y, wx + ww, y + wh), fill=lit if on else (window or mix(wall, (30, 36, 48), 0.55)))
            y += wh * 1.75

    def church(self, x, height, colour, roof):
        d, b = self.d, self.hz
        x, h = x * self.w, height * self.h
        w = h * 0.16
        d.rectangle((x - w / 2, b - h * 0.6, x + w / 2, b), fill=colour)
        d.polygon([(x - w / 2 - 2, b - h * 0.6), (x, b - h), (x + w / 2 + 2, b - h * 0.6)], fill=roof)
        d.rectangle((x + w / 2, b - h * 0.28, x + w * 2.6, b), fill=mix(colour, (0, 0, 0), 0.08))
        d.polygon([(x + w / 2, b - h * 0.28), (x + w * 0.9, b - h * 0.42), (x + w * 2.3, b - h * 0.42), (x + w * 2.6, b - h * 0.28)], fill=roof)

    def water(self, tint, amount=0.35, ripple=1.0, dark=0.0):
        """Mirror what is above the horizon, break it up with ripples and tint it."""
        top = np.asarray(self.im, dtype=float)
        depth = self.h - self.hz
        rows = np.arange(depth)
        src = (self.hz - 1 - rows * 0.95).clip(0).astype(int)
        out = top[src]
        wob = noise(self.rng, self.w, depth, 6, stretch=14, octaves=4)
        # Sample on rows that grow with nearness, so that far water is calm and near water is choppy.
        near = rows / depth
        shift = ((wob - 0.5) * (6 + 95 * near[:, None]) * ripple).astype(int)
        xs = (np.arange(self.w)[None, :] + shift).clip(0, self.w - 1)
        vs = (rows[:, None] + (wob - 0.5) * (4 + 60 * near[:, None]) * ripple).clip(0, depth - 1).astype(int)
        out = out[vs, xs]
        t = np.array(tint, dtype=float)
        k = amount + (1 - amount) * 0.45 * near[:, None, None]
        out = out * (1 - k) + t * k
        bands = noise(self.rng, self.w, depth, 9, stretch=26, octaves=3)
        out += ((bands - 0.5) * (8 + 34 * near[:, None]))[:, :, None]
        out *= 1 - dark * near[:, None, None]
        a = top.copy()
        a[self.hz :] = out
        self.im = Image.fromarray(a.clip(0, 255).astype("uint8"), "RGB")

    def float(self, draw, waterline, strength=0.5):
        """Draw on a layer of its own, then put it in with its reflection below the waterline."""
        y = int(waterline * self.h)
        layer = Image.new("RGBA", (self.w, self.h), (0, 0, 0, 0))
        draw(ImageDraw.Draw(layer), y)
        a = np.asarray(layer)
        depth = min(self.h - y, y)
        flip = np.zeros_like(a)
        flip[y : y + depth] = a[y - depth : y][::-1]
        wob = noise(self.rng, self.w, self.h, 6, stretch=18, octaves=4)
        xs = (np.arange(self.w)[None, :] + (wob - 0.5) * 46).clip(0, self.w - 1).astype(int)
        flip = flip[np.arange(self.h)[:, None], xs].copy()
        fade = np.ones(self.h)
        fade[y:] = np.linspace(1, 0.25, self.h - y)
        flip[:, :, 3] = (flip[:, :, 3] * strength * fade[:, None]).astype("uint8")
        soft = Image.fromarray(flip, "RGBA").filter(ImageFilter.GaussianBlur(2))
        self.im.paste(soft, (0, 0), soft)
        self.im.paste(layer, (0, 0), layer)

    def lamp(self, x, y, reach=0.02, colour=(255, 214, 140)):
        self.glow(x, y, reach, colour, 0.9)
        self.disc(x, y, 0.0035, (255, 246, 220))

    def fog(self, colour, strength, top=0.0, bottom=1.0):
        ys = np.linspace(0, 1, self.h)
        mid, half = (top + bottom) / 2, (bottom - top) / 2
        a = np.exp(-(((ys - mid) / half) ** 2) * 1.6)[:, None] * strength
        n = 0.7 + 0.3 * noise(self.rng, self.w, self.h, 3, stretch=2)
        mask = Image.fromarray((a * n * 255).clip(0, 255).astype("uint8"))
        self.im.paste(Image.new("RGB", self.im.size, colour), (0, 0), mask)

    def rain(self, count, colour, length=22, slant=5):
        layer = Image.new("L", self.im.size, 0)
        d = ImageDraw.Draw(layer)
        for x, y, l in zip(self.rng.integers(0, self.w, count), self.rng.integers(0, self.h, count), self.rng.random(count)):
            n = length * (0.5 + l)
            d.line((int(x), int(y), int(x - slant * n / length), int(y + n)), fill=int(60 + 60 * l), width=2)
        self.im.paste(Image.new("RGB", self.im.size, colour), (0, 0), layer)

    def finish(self, size=(W, H), grain=3.0, vignette=0.25, warm=(1.0, 1.0, 1.0)):
        im = self.im.resize(size, Image.LANCZOS)
        a = np.asarray(im, dtype=float)
        yy, xx = np.mgrid[-1 : 1 : size[1] * 1j, -1 : 1 : size[0] * 1j]
        a *= (1 - vignette * (xx**2 + yy**2) / 2)[:, :, None]
        a *= np.array(warm)
        a += self.rng.normal(0, grain, a.shape[:2])[:, :, None]
        return Image.fromarray(a.clip(0, 255).astype("uint8"), "RGB")


def jpeg(im, quality=80):
    out = io.BytesIO()
    im.save(out, "JPEG", quality=quality, optimize=True, subsampling=2)
    return out.getvalue()


# Things that float or stand. All take a drawing, the foot y, and positions in pixels of the double-size canvas.


def crane(d, x, y, h, colour, boom=1.0, facing=1):
    w = h * 0.26
    t = max(3, int(h * 0.022))
    for dx in (-w / 2, w / 2):
        d.line((x + dx, y, x + dx * 0.8, y - h * 0.62), fill=colour, width=t)
    d.line((x - w * 0.46, y - h * 0.3, x + w * 0.46, y - h * 0.3), fill=colour, width=t)
    d.line((x - w / 2, y, x + w * 0.44, y - h * 0.3), fill=colour, width=t // 2)
    d.line((x + w / 2, y, x - w * 0.44, y - h * 0.3), fill=colour, width=t // 2)
    deck = y - h * 0.64
    d.line((x - facing * w * 0.9, deck, x + facing * h * 0.75 * boom, deck), fill=colour, width=t + 2)
    d.line((x + facing * h * 0.75 * boom, deck, x, y - h), fill=colour, width=t // 2)
    d.line((x - facing * w * 0.9, deck, x, y - h), fill=colour, width=t // 2)
    d.line((x, deck, x, y - h), fill=colour, width=t)
    cab = x + facing * w * 0.25
    d.rectangle((cab - t * 2, deck, cab + t * 2, deck + t * 4), fill=colour)
    hook = x + facing * h * 0.45 * boom
    d.line((hook, deck, hook, deck + h * 0.28), fill=colour, width=2)
    d.rectangle((hook - t * 3, deck + h * 0.28, hook + t * 3, deck + h * 0.28 + t * 3), fill=colour)


def hull(d, x, y, length, freeboard, colour, boot=None):
    d.polygon([(x, y - freeboard), (x + length, y - freeboard * 1.25), (x + length * 0.955, y), (x + length * 0.03, y)], fill=colour)
    if boot:
        d.polygon([(x + length * 0.022, y - freeboard * 0.22), (x + length * 0.966, y - freeboard * 0.22), (x + length * 0.955, y), (x + length * 0.03, y)], fill=boot)


def container_ship(d, x, y, length, rng):
    fb = length * 0.075
    colours = [(168, 62, 48), (40, 92, 130), (196, 142, 60), (70, 110, 86), (122, 124, 130), (210, 204, 192)]
    cw, ch = length * 0.06, length * 0.028
    for i in range(11):
        for j in range(int(rng.integers(2, 5))):
            cx = x + length * 0.24 + i * (cw + 1)
            cy = y - fb - (j + 1) * ch
            c = colours[int(rng.integers(len(colours)))]
            d.rectangle((cx, cy, cx + cw - 1, cy + ch - 1), fill=c)
    d.rectangle((x + length * 0.07, y - fb - length * 0.13, x + length * 0.19, y - fb), fill=(228, 226, 218))
    for k in range(4):
        yy = y - fb - length * 0.118 + k * length * 0.028
        d.rectangle((x + length * 0.08, yy, x + length * 0.18, yy + length * 0.009), fill=(60, 70, 84))
    d.rectangle((x + length * 0.03, y - fb - length * 0.085, x + length * 0.06, y - fb), fill=(180, 60, 46))
    hull(d, x, y, length, fb, (38, 54, 78), (132, 46, 40))


def dredger(d, x, y, length):
    fb = length * 0.07
    yel, dark = (222, 166, 44), (52, 50, 48)
    d.rectangle((x + length * 0.72, y - fb - length * 0.15, x + length * 0.87, y - fb), fill=(236, 232, 222))
    d.rectangle((x + length * 0.74, y - fb - length * 0.2, x + length * 0.85, y - fb - length * 0.15), fill=(236, 232, 222))
    d.rectangle((x + length * 0.75, y - fb - length * 0.19, x + length * 0.84, y - fb - length * 0.165), fill=(56, 72, 88))
    d.rectangle((x + length * 0.67, y - fb - length * 0.12, x + length * 0.70, y - fb), fill=dark)
    foot = (x + length * 0.2, y - fb)
    d.line((foot[0] - 30, foot[1], foot[0] + 20, y - length * 0.36), fill=yel, width=9)
    d.line((foot[0] + 90, foot[1], foot[0] + 20, y - length * 0.36), fill=yel, width=9)
    for t in (0.25, 0.5, 0.75):
        d.line((foot[0] - 30 + 50 * t, foot[1] - length * 0.29 * t, foot[0] + 90 - 70 * t, foot[1] - length * 0.29 * t), fill=yel, width=5)
    d.line((foot[0] + 20, y - length * 0.36, x - length * 0.16, y - length * 0.16), fill=dark, width=3)
    d.line((foot[0] + 20, y - length * 0.36, x + length * 0.62, y - fb), fill=dark, width=3)
    d.line((foot[0] - 10, y - fb - 10, x - length * 0.16, y - length * 0.16), fill=yel, width=14)
    d.line((x - length * 0.16, y - length * 0.16, x - length * 0.16, y - length * 0.05), fill=dark, width=4)
    d.pieslice((x - length * 0.205, y - length * 0.085, x - length * 0.115, y + length * 0.005), 180, 360, fill=dark)
    d.rectangle((x + length * 0.36, y - fb - length * 0.03, x + length * 0.62, y - fb), fill=(120, 104, 80))
    d.polygon([(x + length * 0.37, y - fb - length * 0.03), (x + length * 0.49, y - fb - length * 0.062), (x + length * 0.61, y - fb - length * 0.03)], fill=(104, 88, 66))
    hull(d, x, y, length, fb, (176, 74, 40), (60, 44, 40))


def trawler(d, x, y, length, colour, cabin=(238, 234, 224), facing=1):
    fb = length * 0.17
    a = [(x, y - fb), (x + length, y - fb * 1.7), (x + length * 0.9, y), (x + length * 0.06, y)]
    c0 = x + length * 0.5
    if facing < 0:
        a = [(2 * x + length - px, py) for px, py in a]
        c0 = x + length * 0.24
    d.line((x + length * 0.5, y - fb, x + length * 0.5, y - length * 0.72), fill=(70, 56, 48), width=5)
    d.line((x + length * 0.5, y - length * 0.7, x + (length if facing > 0 else 0), y - fb * 1.6), fill=(70, 60, 54), width=2)
    d.line((x + length * 0.5, y - length * 0.7, x + (0 if facing > 0 else length), y - fb), fill=(70, 60, 54), width=2)
    d.rectangle((c0, y - fb - length * 0.2, c0 + length * 0.26, y - fb), fill=cabin)
    d.rectangle((c0 + length * 0.03, y - fb - length * 0.17, c0 + length * 0.23, y - fb - length * 0.1), fill=(58, 72, 86))
    d.polygon(a, fill=colour)
    d.line((a[0], a[1]), fill=cabin, width=4)


def tug(d, x, y, length, colour):
    fb = length * 0.16
    d.rectangle((x + length * 0.42, y - fb - length * 0.2, x + length * 0.74, y - fb), fill=(236, 230, 214))
    d.rectangle((x + length * 0.48, y - fb - length * 0.33, x + length * 0.7, y - fb - length * 0.2), fill=(236, 230, 214))
    d.rectangle((x + length * 0.5, y - fb - length * 0.3, x + length * 0.68, y - fb - length * 0.24), fill=(52, 66, 82))
    d.rectangle((x + length * 0.3, y - fb - length * 0.26, x + length * 0.38, y - fb), fill=(196, 60, 44))
    hull(d, x, y, length, fb, colour, (30, 30, 34))


def brig(d, x, y, length, hull_colour, sail):
    fb = length * 0.085
    masts = (x + length * 0.34, x + length * 0.63)
    rope = (70, 60, 56)
    for k, m in enumerate(masts):
        top = y - length * (0.78 if k == 0 else 0.84)
        d.line((m, y - fb, m, top), fill=(84, 62, 46), width=9)
        for j, (lo, hi, w) in enumerate(((0.16, 0.38, 0.15), (0.39, 0.57, 0.125), (0.58, 0.71, 0.095))):
            a, b = y - length * lo, y - length * hi
            ww = length * w
            lean = length * 0.028
            d.polygon([(m - ww, a), (m - ww * 0.86, b), (m + ww * 0.86, b), (m + ww, a), (m + ww * 0.4 + lean, a - length * 0.018), (m - ww * 0.4 + lean, a - length * 0.018)], fill=mix(sail, (120, 120, 130), 0.1 * j))
            d.line((m - ww, b, m + ww, b), fill=(84, 62, 46), width=5)
    bow = x + length * 1.16
    d.line((x + length * 0.93, y - fb * 1.2, bow, y - length * 0.2), fill=(84, 62, 46), width=8)
    d.polygon([(masts[1] + length * 0.12, y - length * 0.12), (masts[1] + 14, y - length * 0.7), (bow - 10, y - length * 0.195)], fill=mix(sail, (150, 150, 160), 0.15))
    d.line((masts[1], y - length * 0.84, bow, y - length * 0.2), fill=rope, width=2)
    d.line((masts[0], y - length * 0.78, masts[1], y - length * 0.5), fill=rope, width=2)
    d.line((masts[0], y - length * 0.78, x, y - fb * 1.3), fill=rope, width=2)
    d.polygon([(x - length * 0.02, y - fb * 1.5), (x + length * 0.3, y - fb), (x + length * 0.7, y - fb), (x + length * 1.0, y - fb * 1.5), (x + length * 0.9, y), (x + length * 0.05, y)], fill=hull_colour)
    d.line((x + length * 0.0, y - fb * 0.95, x + length * 0.95, y - fb * 0.95), fill=(214, 190, 130), width=5)
    # The figurehead, a small pale figure with a lifted arm under the bowsprit.
    fx, fy = x + length * 0.975, y - fb * 1.35
    d.polygon([(fx, fy + 26), (fx + 16, fy), (fx + 24, fy + 4), (fx + 12, fy + 30)], fill=(238, 220, 180))
    d.ellipse((fx + 16, fy - 13, fx + 29, fy + 1), fill=(238, 220, 180))


def lighthouse(d, x, y, h):
    w = h * 0.17
    n = 5
    for i in range(n):
        a, b = i / n, (i + 1) / n
        wa, wb = w * (1 - 0.42 * a), w * (1 - 0.42 * b)
        d.polygon([(x - wa / 2, y - h * 0.8 * a), (x + wa / 2, y - h * 0.8 * a), (x + wb / 2, y - h * 0.8 * b), (x - wb / 2, y - h * 0.8 * b)], fill=(186, 54, 44) if i % 2 else (240, 236, 226))
    top = y - h * 0.8
    d.rectangle((x - w * 0.4, top - h * 0.02, x + w * 0.4, top + h * 0.01), fill=(52, 50, 54))
    d.rectangle((x - w * 0.2, top - h * 0.12, x + w * 0.2, top - h * 0.02), fill=(255, 236, 170))
    d.polygon([(x - w * 0.28, top - h * 0.12), (x, top - h * 0.2), (x + w * 0.28, top - h * 0.12)], fill=(52, 50, 54))


def arch_bridge(s, y, x0, x1, spans, rise, colour, lamps=True):
    """A bridge of steel arches above a deck on stone piers; gives back where its lamps are."""
    spots = []

    def draw(d, wl):
        deck = wl - int(0.075 * s.h)
        X0, X1 = x0 * s.w, x1 * s.w
        span = (X1 - X0) / spans
        stone = mix(colour, (120, 112, 104), 0.5)
        for i in range(spans):
            a = X0 + i * span
            pts = []
            for k in range(41):
                t = k / 40
                pts.append((a + span * (0.03 + 0.94 * t), deck - rise * s.h * 4 * t * (1 - t)))
            d.line(pts, fill=colour, width=11, joint="curve")
            for k in range(2, 39, 3):
                d.line((pts[k], (pts[k][0], deck)), fill=colour, width=3)
                if k < 36:
                    d.line((pts[k], (pts[k + 3][0], deck)), fill=colour, width=2)
        d.rectangle((X0 - 60, deck, X1 + 60, deck + 17), fill=mix(colour, (0, 0, 0), 0.25))
        d.line((X0 - 60, deck - 14, X1 + 60, deck - 14), fill=colour, width=2)
        for i in range(spans + 1):
            px = X0 + i * span
            d.polygon([(px - 22, deck + 17), (px + 22, deck + 17), (px + 32, wl), (px - 32, wl)], fill=stone)
            d.rectangle((px - 3, deck - 64, px + 3, deck), fill=colour)
            d.rectangle((px - 8, deck - 78, px + 8, deck - 60), fill=(255, 226, 160) if lamps else colour)
            spots.append((px / s.w, (deck - 69) / s.h))

    s.float(draw, y, 0.55)
    return spots


# The ten photographs.


def lantern_bridge_dusk():
    s = Scene(11, [(38, 46, 92), (112, 88, 134), (232, 146, 118), (255, 208, 150)], 0.6)
    s.glow(0.3, 0.58, 0.22, (255, 214, 140), 0.55)
    s.clouds((248, 170, 150), 0.52, 0.3, 0.6)
    s.hills(0.1, (96, 78, 112))
    s.skyline(0.56, 1.0, 0.05, 0.11, [(92, 70, 96), (108, 80, 98), (80, 64, 92)], (64, 48, 76), lit=(255, 212, 132))
    s.church(0.47, 0.2, (84, 66, 94), (60, 48, 74))
    s.water((64, 60, 104), 0.3)
    for x, y in arch_bridge(s, 0.72, 0.06, 0.94, 3, 0.13, (48, 42, 66)):
        s.lamp(x, y, 0.014)
    return s.finish()


def dredger_at_work():
    s = Scene(12, [(112, 160, 200), (168, 202, 222), (226, 234, 230)], 0.5)
    s.clouds((255, 255, 252), 0.5, 0.25, 0.9)
    s.hills(0.09, (142, 164, 168))
    s.hills(0.05, (112, 138, 132), 8)
    s.skyline(0.0, 0.22, 0.03, 0.06, [(206, 190, 170), (188, 162, 142), (216, 206, 190)], (150, 92, 76))
    s.water((84, 122, 134), 0.42)
    s.float(lambda d, y: dredger(d, 620, y, 860), 0.7, 0.45)
    s.float(lambda d, y: (d.rectangle((180, y - 34, 470, y), fill=(70, 66, 64)), d.polygon([(196, y - 34), (326, y - 66), (452, y - 34)], fill=(112, 94, 70)))[0], 0.74, 0.4)
    s.float(lambda d, y: (d.polygon([(1560, y), (1610, y), (1596, y - 56), (1574, y - 56)], fill=(196, 48, 40)), d.line((1585, y - 56, 1585, y - 92), fill=(60, 40, 40), width=4))[0], 0.84, 0.5)
    return s.finish()


def flooded_quay(size=(W, H)):
    s = Scene(13, [(118, 126, 138), (160, 164, 168), (196, 194, 186)], 0.66)
    s.clouds((88, 94, 108), 0.45, 0.4, 0.7)
    walls = [(176, 140, 112), (150, 108, 92), (188, 172, 148), (132, 116, 112), (166, 128, 104)]
    s.skyline(-0.01, 1.0, 0.25, 0.38, walls, (84, 64, 62), lit=(238, 204, 150), window=(74, 80, 90), wide=2.1)
    for i in range(14):  # drowned doors and shop fronts
        px = (0.03 + i * 0.074) * s.w
        s.d.rectangle((px, s.hz - 70, px + 34, s.hz), fill=[(58, 78, 70), (92, 52, 46), (60, 66, 88)][i % 3])
    s.water((112, 108, 98), 0.4, 0.8)
    for lx in (0.16, 0.44, 0.72, 0.95):
        def post(d, y, lx=lx):
            X = lx * s.w
            d.rectangle((X - 4, y - 260, X + 4, y), fill=(40, 42, 48))
            d.polygon([(X - 16, y - 262), (X + 16, y - 262), (X + 11, y - 300), (X - 11, y - 300)], fill=(250, 228, 170))
            d.polygon([(X - 16, y - 300), (X + 16, y - 300), (X, y - 318)], fill=(40, 42, 48))
        s.float(post, 0.76, 0.45)
        s.lamp(lx, 0.76 - 281 / s.h, 0.012)
    def sign(d, y):
        d.rectangle((392, y - 150, 400, y), fill=(66, 60, 58))
        d.rectangle((316, y - 176, 552, y - 118), fill=(34, 62, 92))
        d.text((332, y - 165), "SALTERS' QUAY", font=ImageFont.truetype(SANS_BOLD, 24), fill=(240, 240, 232))
    s.float(sign, 0.83, 0.4)
    def rowing(d, y):
        d.polygon([(980, y - 46), (1330, y - 54), (1280, y), (1030, y)], fill=(44, 92, 108))
        d.line((980, y - 46, 1330, y - 54), fill=(224, 214, 190), width=6)
        for bx, c in ((1090, (196, 88, 40)), (1200, (60, 62, 74))):
            d.ellipse((bx - 13, y - 138, bx + 13, y - 112), fill=(70, 60, 58))
            d.polygon([(bx - 22, y - 48), (bx - 17, y - 112), (bx + 17, y - 112), (bx + 22, y - 48)], fill=c)
        d.line((1100, y - 84, 940, y + 16), fill=(130, 100, 70), width=6)
    s.float(rowing, 0.9, 0.45)
    for bx, by, r in ((700, 0.93, 20), (1540, 0.87, 15)):  # drifting barrels and crates
        s.float(lambda d, y, bx=bx, r=r: d.rectangle((bx, y - r, bx + r * 3, y), fill=(122, 88, 58)), by, 0.4)
    s.rain(700, (214, 220, 228))
    return s.finish(size, warm=(0.97, 1.0, 1.03))


def berth_seven_sunrise():
    s = Scene(14, [(64, 92, 140), (170, 150, 170), (252, 184, 126), (255, 222, 160)], 0.6)
    s.glow(0.72, 0.56, 0.16, (255, 236, 180), 0.9)
    s.disc(0.72, 0.545, 0.024, (255, 246, 214))
    s.clouds((250, 190, 160), 0.55, 0.3, 0.5)
    s.hills(0.07, (136, 116, 136))
    s.d.rectangle((0, s.hz - 34, 0.34 * s.w, s.hz), fill=(82, 76, 92))
    for x, h, c in ((150, 470, (58, 56, 78)), (360, 520, (52, 50, 72)), (590, 430, (64, 60, 82))):
        crane(s.d, x, s.hz - 26, h, c)
    s.water((84, 84, 116), 0.3)
    s.float(lambda d, y: container_ship(d, 560, y, 1080, s.rng), 0.69, 0.5)
    s.float(lambda d, y: tug(d, 250, y, 210, (40, 70, 62)), 0.78, 0.5)
    return s.finish()


def fish_market_morning():
    s = Scene(15, [(138, 184, 214), (198, 220, 226), (244, 232, 206)], 0.52)
    s.clouds((255, 250, 242), 0.5, 0.3, 0.8)
    s.hills(0.13, (150, 170, 160))
    s.skyline(0.0, 0.5, 0.1, 0.19, [(222, 178, 120), (196, 116, 92), (230, 214, 182), (150, 166, 160)], (142, 74, 62))
    s.d.rectangle((0.5 * s.w, s.hz - 130, 0.95 * s.w, s.hz), fill=(206, 196, 176))
    s.d.polygon([(0.485 * s.w, s.hz - 130), (0.52 * s.w, s.hz - 196), (0.93 * s.w, s.hz - 196), (0.965 * s.w, s.hz - 130)], fill=(104, 122, 124))
    for i in range(9):
        x = (0.515 + i * 0.048) * s.w
        s.d.rectangle((x, s.hz - 96, x + 52, s.hz), fill=(82, 92, 98))
        s.d.pieslice((x, s.hz - 122, x + 52, s.hz - 70), 180, 360, fill=(82, 92, 98))
    s.d.text((0.625 * s.w, s.hz - 184), "FISH MARKET", font=ImageFont.truetype(SANS_BOLD, 36), fill=(238, 234, 220))
    s.water((72, 118, 122), 0.34)
    for x, y, l, c, f in ((120, 0.63, 300, (42, 92, 134), 1), (520, 0.66, 330, (176, 62, 46), -1), (960, 0.64, 300, (52, 112, 88), 1), (1330, 0.7, 390, (214, 158, 52), -1)):
        s.float(lambda d, wl, x=x, l=l, c=c, f=f: trawler(d, x, wl, l, c, facing=f), y, 0.5)
    return s.finish()


def breakwater_storm():
    s = Scene(16, [(52, 60, 76), (86, 96, 110), (142, 148, 150)], 0.58)
    s.clouds((38, 44, 58), 0.4, 0.4, 0.85, cells=3)
    s.hills(0.04, (80, 90, 98))
    s.water((56, 76, 82), 0.5, 1.6, 0.1)
    rock = [(0, 0.66), (0.2, 0.63), (0.5, 0.62), (0.66, 0.63), (0.74, 0.66), (0.78, 0.7), (0, 0.78)]
    s.d.polygon([(x * s.w, y * s.h) for x, y in rock], fill=(60, 58, 60))
    for x, y, r in zip(s.rng.uniform(0, 0.72, 260), s.rng.uniform(0.635, 0.72, 260), s.rng.uniform(8, 26, 260)):
        c = int(s.rng.integers(52, 98))
        s.d.polygon([(x * s.w - r, y * s.h + r * 0.6), (x * s.w - r * 0.4, y * s.h - r * 0.5), (x * s.w + r * 0.7, y * s.h - r * 0.4), (x * s.w + r, y * s.h + r * 0.6)], fill=(c, c - 2, c - 4))
    lighthouse(s.d, 0.6 * s.w, 0.635 * s.h, 520)
    s.glow(0.6, 0.635 - 0.87 * 520 / s.h, 0.05, (255, 236, 170), 0.6)
    spray = Image.new("L", s.im.size, 0)
    d = ImageDraw.Draw(spray)
    for cx, cy, n, spread, up in ((0.78, 0.7, 900, 120, 330), (0.3, 0.76, 500, 240, 110), (0.66, 0.72, 420, 130, 170)):
        for a, b, r in zip(s.rng.normal(0, 1, n), s.rng.random(n), s.rng.random(n)):
            x, y, q = cx * s.w + a * spread * (1.1 - b * 0.5), cy * s.h - b**1.6 * up, 1.5 + 5 * r * (1 - b)
            d.ellipse((x - q, y - q, x + q, y + q), fill=int(150 + 100 * r))
    spray = spray.filter(ImageFilter.GaussianBlur(2.2))
    s.im.paste(Image.new("RGB", s.im.size, (232, 238, 238)), (0, 0), spray)
    for k in range(26):  # wave crests
        y = s.rng.uniform(0.64, 0.99)
        x, l = s.rng.uniform(0, 1), s.rng.uniform(0.05, 0.16) * y
        if y < 0.79 and x < 0.78:
            continue
        pts = [(s.w * (x + l * t / 12), s.h * y - 12 * y * math.sin(math.pi * t / 12)) for t in range(13)]
        s.d.line(pts, fill=(196, 206, 206), width=int(3 * y + 1))
    s.im = s.im.filter(ImageFilter.GaussianBlur(0.8))
    return s.finish()


def museum_front():
    s = Scene(17, [(96, 150, 204), (158, 194, 222), (214, 224, 222)], 0.8)
    s.clouds((255, 255, 255), 0.55, 0.25, 0.85)
    stone, shade = (226, 212, 184), (196, 180, 152)
    b = s.hz
    s.skyline(-0.01, 0.15, 0.3, 0.42, [(196, 146, 112), (176, 120, 98)], (112, 66, 58), wide=1.9)
    s.skyline(0.84, 1.0, 0.3, 0.42, [(186, 152, 124), (206, 178, 142)], (112, 66, 58), wide=1.9)
    L, R, top = 0.17 * s.w, 0.83 * s.w, b - 0.42 * s.h
    d = s.d
    d.rectangle((L, top, R, b), fill=stone)
    d.polygon([(L - 24, top), (s.w / 2, top - 0.17 * s.h), (R + 24, top)], fill=shade)
    d.polygon([(L + 60, top - 12), (s.w / 2, top - 0.145 * s.h), (R - 60, top - 12)], fill=mix(stone, (255, 255, 255), 0.2))
    cx, cy = s.w / 2, top - 66  # an anchor in the pediment
    d.line((cx, cy - 42, cx, cy + 36), fill=(120, 104, 80), width=8)
    d.ellipse((cx - 12, cy - 62, cx + 12, cy - 38), outline=(120, 104, 80), width=6)
    d.arc((cx - 44, cy - 44, cx + 44, cy + 40), 20, 160, fill=(120, 104, 80), width=8)
    d.rectangle((L - 24, top, R + 24, top + 58), fill=mix(stone, (255, 255, 255), 0.25))
    font = ImageFont.truetype(BOOK, 42)
    label = "MARITIME  MUSEUM"
    d.text((s.w / 2 - font.getlength(label) / 2, top + 4), label, font=font, fill=(96, 82, 62))
    n = 8
    for i in range(n):
        x = L + 40 + i * (R - L - 80) / (n - 1)
        d.rectangle((x - 19, top + 76, x + 19, b - 66), fill=mix(stone, (255, 255, 255), 0.45))
        d.rectangle((x + 6, top + 76, x + 19, b - 66), fill=shade)
        d.rectangle((x - 28, top + 58, x + 28, top + 78), fill=stone)
        d.rectangle((x - 28, b - 70, x + 28, b - 54), fill=stone)
    for i in range(n - 1):
        x = L + 40 + (i + 0.5) * (R - L - 80) / (n - 1)
        if i == 3:
            d.rectangle((x - 42, b - 270, x + 42, b - 54), fill=(72, 52, 44))
            d.line((x, b - 270, x, b - 54), fill=(40, 30, 28), width=3)
        else:
            d.rectangle((x - 34, top + 110, x + 34, b - 90), fill=(110, 126, 138))
            d.line((x, top + 110, x, b - 90), fill=stone, width=4)
    for i in (1, 5):  # exhibition banners
        x = L + 40 + (i + 0.5) * (R - L - 80) / (n - 1)
        d.rectangle((x - 44, top + 96, x + 44, b - 130), fill=(24, 74, 92))
        f = ImageFont.truetype(BOOK, 32)
        for k, w in enumerate(("SALT", "and", "LANTERNS")):
            ff = f if k != 2 else ImageFont.truetype(BOOK, 17)
            d.text((x - ff.getlength(w) / 2, top + 130 + k * 50), w, font=ff, fill=(246, 214, 140))
        d.ellipse((x - 16, b - 190, x + 16, b - 158), fill=(246, 214, 140))
    for k in range(4):
        d.rectangle((L - 20 - k * 16, b - 54 + k * 14, R + 20 + k * 16, b - 40 + k * 14), fill=mix(shade, (255, 255, 255), 0.1 * k))
    s.water((168, 164, 156), 0.78, 0.2)
    for i in range(7):
        x = s.w * (0.1 + 0.13 * i)
        s.d.line((x, s.hz + 4, (x - s.w / 2) * 2.1 + s.w / 2, s.h), fill=(150, 146, 138), width=2)
    for y in (0.84, 0.89, 0.96):
        s.d.line((0, y * s.h, s.w, y * s.h), fill=(150, 146, 138), width=2)
    for x in (0.09, 0.91):
        s.d.rectangle((x * s.w - 14, s.hz + 10, x * s.w + 14, s.hz + 90), fill=(52, 52, 58))
        s.d.ellipse((x * s.w - 20, s.hz - 6, x * s.w + 20, s.hz + 24), fill=(52, 52, 58))
    return s.finish()


def brig_by_moonlight():
    s = Scene(18, [(8, 14, 38), (22, 36, 74), (60, 84, 122)], 0.6)
    for x, y, r in zip(s.rng.uniform(0, 1, 170), s.rng.uniform(0, 0.45, 170), s.rng.random(170)):
        s.d.ellipse((x * s.w, y * s.h, x * s.w + 1 + 3 * r, y * s.h + 1 + 3 * r), fill=mix((120, 140, 180), (255, 255, 255), r))
    s.glow(0.76, 0.2, 0.12, (170, 190, 220), 0.7)
    s.disc(0.76, 0.2, 0.034, (248, 244, 226))
    s.disc(0.768, 0.193, 0.008, (226, 222, 206))
    s.disc(0.75, 0.212, 0.006, (228, 224, 208))
    s.clouds((64, 84, 122), 0.55, 0.3, 0.6)
    s.hills(0.06, (16, 26, 52))
    s.skyline(0.0, 0.3, 0.04, 0.08, [(20, 28, 52), (26, 34, 58)], (14, 20, 42), lit=(255, 206, 120))
    s.water((16, 30, 62), 0.35)
    for k in range(240):  # the path of the moon on the water
        t = s.rng.random()
        y = s.hz + t * (s.h - s.hz)
        x = 0.76 * s.w + s.rng.normal(0, 16 + 80 * t)
        l = 8 + 46 * t * s.rng.random()
        s.d.line((x - l, y, x + l, y), fill=mix((110, 136, 176), (240, 238, 220), s.rng.random()), width=2 + int(2 * t))
    s.float(lambda d, y: brig(d, 560, y, 620, (20, 22, 34), (150, 158, 176)), 0.74, 0.45)
    return s.finish(grain=4)


def ferry_in_fog():
    s = Scene(19, [(168, 182, 190), (198, 206, 208), (222, 224, 220)], 0.55)
    s.hills(0.12, (160, 172, 178))
    s.skyline(0.58, 1.0, 0.05, 0.1, [(146, 156, 164), (158, 166, 172)], (128, 138, 148), lit=(246, 226, 178))
    s.church(0.72, 0.19, (148, 158, 166), (132, 142, 150))
    s.water((156, 170, 174), 0.4)
    s.fog((214, 220, 220), 0.85, 0.3, 0.75)
    def ferry(d, y):
        x, l = 260, 760
        d.rectangle((x + l * 0.12, y - 190, x + l * 0.86, y - 90), fill=(240, 240, 234))
        d.rectangle((x + l * 0.2, y - 262, x + l * 0.7, y - 190), fill=(244, 244, 238))
        d.rectangle((x + l * 0.58, y - 312, x + l * 0.69, y - 262), fill=(240, 240, 234))
        d.rectangle((x + l * 0.595, y - 302, x + l * 0.685, y - 284), fill=(70, 84, 96))
        d.polygon([(x + l * 0.3, y - 262), (x + l * 0.32, y - 340), (x + l * 0.4, y - 340), (x + l * 0.42, y - 262)], fill=(36, 92, 116))
        d.rectangle((x + l * 0.315, y - 318, x + l * 0.408, y - 300), fill=(240, 240, 234))
        for i in range(19):
            d.rectangle((x + l * 0.15 + i * 28, y - 160, x + l * 0.15 + i * 28 + 17, y - 134), fill=(84, 100, 112))
        for i in range(12):
            d.rectangle((x + l * 0.22 + i * 29, y - 240, x + l * 0.22 + i * 29 + 18, y - 216), fill=(255, 232, 176) if i % 4 == 1 else (84, 100, 112))
        hull(d, x, y, l, 92, (36, 92, 116), (28, 48, 60))
    s.float(ferry, 0.74, 0.45)
    s.fog((220, 226, 226), 0.35, 0.45, 0.85)
    def pier(d, y):
        d.rectangle((1250, y - 46, s.w, y - 24), fill=(86, 76, 68))
        for i in range(9):
            d.rectangle((1268 + i * 66, y - 110, 1284 + i * 66, y), fill=(74, 64, 58))
        d.rectangle((1480, y - 150, 1490, y - 46), fill=(66, 60, 58))
        d.rectangle((1440, y - 196, 1532, y - 146), fill=(34, 62, 92))
        d.text((1452, y - 190), "FERRY", font=ImageFont.truetype(SANS_BOLD, 20), fill=(244, 240, 230))
    s.float(pier, 0.9, 0.45)
    return s.finish(vignette=0.15)


def bridge_pin_close_up():
    rng = np.random.default_rng(20)
    s = Scene(20, [(96, 110, 112), (88, 100, 104)], 0.99)
    s.im = Image.fromarray(np.stack([96 + 34 * noise(rng, s.w, s.h, 5, octaves=6) - c for c in (12, 0, -3)], axis=2).clip(0, 255).astype("uint8"), "RGB")
    rust = ((noise(rng, s.w, s.h, 4, stretch=1.5, octaves=6) - 0.55) * 4).clip(0, 1) * 0.8
    s.im.paste(Image.new("RGB", s.im.size, (142, 82, 48)), (0, 0), Image.fromarray((rust * 255).astype("uint8")))
    d = s.d
    d.rectangle((0, 150, s.w, 172), fill=(60, 68, 72))
    d.rectangle((0, 1010, s.w, 1034), fill=(60, 68, 72))
    for x in range(70, s.w, 150):
        for y in (90, 1100):
            d.ellipse((x - 31, y - 27, x + 35, y + 39), fill=(52, 58, 60))
            d.ellipse((x - 33, y - 33, x + 33, y + 33), fill=(112, 124, 124))
            d.ellipse((x - 22, y - 25, x + 10, y + 5), fill=(142, 152, 150))
    cx, cy = 820, 590
    for r, c in ((360, (54, 60, 62)), (340, (104, 112, 112)), (236, (58, 62, 64)), (222, (138, 142, 140)), (205, (150, 154, 150))):
        d.ellipse((cx - r, cy - r, cx + r, cy + r), fill=c)
    for k in range(14):  # lathe marks
        r = 200 - k * 14
        c = 140 + (k % 3) * 8
        d.ellipse((cx - r, cy - r, cx + r, cy + r), outline=(c, c + 3, c), width=3)
    d.text((cx - 74, cy - 70), "14", font=ImageFont.truetype(SANS_BOLD, 116), fill=(236, 226, 196))
    x, y = cx + 205, cy + 60
    pts = [(x, y)]
    for k in range(13):
        x += 17
        y += float(rng.normal(4, 8))
        pts.append((x, y))
    d.line(pts, fill=(26, 20, 18), width=8, joint="curve")
    d.line([(a, b + 5) for a, b in pts], fill=(168, 110, 74), width=3, joint="curve")
    for px in (pts[0], pts[-1]):  # chalk marks at both ends of the crack
        d.line((px[0], px[1] - 62, px[0], px[1] + 62), fill=(240, 236, 220), width=6)
    d.text((pts[0][0] + 28, pts[0][1] - 128), "23 mm", font=ImageFont.truetype(SANS_BOLD, 58), fill=(240, 236, 220))
    rx, ry = 1010, 860
    d.rectangle((rx, ry, rx + 620, ry + 96), fill=(232, 196, 74))
    f = ImageFont.truetype(SANS_BOLD, 26)
    for i in range(63):
        h = 46 if i % 10 == 0 else 32 if i % 5 == 0 else 20
        d.line((rx + 8 + i * 9.7, ry, rx + 8 + i * 9.7, ry + h), fill=(30, 30, 30), width=2)
        if i % 10 == 0:
            d.text((rx + 12 + i * 9.7, ry + 48), str(i), font=f, fill=(30, 30, 30))
    s.im = s.im.filter(ImageFilter.GaussianBlur(0.9))
    s.glow(0.3, 0.2, 0.4, (255, 246, 226), 0.22)
    return s.finish(grain=5, vignette=0.5)


# Scanned paper.


def scan(text, seed, tilt, size=(1240, 1754), font=TYPEWRITER, points=27, leading=1.42, margin=130, stamp=None, paper=(238, 231, 214)):
    """A typed page as a flat-bed scanner would give it: jittered letters, uneven ink, a slight turn, dust."""
    rng = np.random.default_rng(seed)
    w, h = size
    ink = Image.new("L", size, 0)
    d = ImageDraw.Draw(ink)
    f = ImageFont.truetype(font, points)
    y = margin
    for line in text.strip("\n").split("\n"):
        x = float(margin)
        for ch in line:
            jx, jy = rng.normal(0, 0.5), rng.normal(0, 0.7)
            d.text((x + jx, y + jy), ch, font=f, fill=int(rng.integers(205, 256)))
            x += f.getlength(ch)
        y += points * leading
    if stamp:
        sx, sy = int(w * 0.62), int(h * 0.74)
        st = Image.new("L", (430, 170), 0)
        sd = ImageDraw.Draw(st)
        sd.rounded_rectangle((6, 6, 424, 164), 18, outline=170, width=7)
        sf = ImageFont.truetype(SANS_BOLD, 34)
        for k, part in enumerate(stamp):
            sd.text((215 - sf.getlength(part) / 2, 26 + k * 56), part, font=sf, fill=170)
        st = st.rotate(9, expand=True, resample=Image.BICUBIC)
        ink.paste(ImageChops.lighter(ink.crop((sx, sy, sx + st.width, sy + st.height)), st), (sx, sy))
    ink = ink.filter(ImageFilter.GaussianBlur(0.7))
    worn = 0.8 + 0.2 * noise(rng, w, h, 7, octaves=3)
    a = np.asarray(ink, dtype=float) / 255 * worn
    blotch = noise(rng, w, h, 3, octaves=3)
    page = np.array(paper, dtype=float) - 16 * blotch[:, :, None]
    page = page * (1 - a[:, :, None]) + np.array((44, 40, 48)) * a[:, :, None]
    im = Image.fromarray(page.clip(0, 255).astype("uint8"), "RGB")
    im = im.rotate(tilt, resample=Image.BICUBIC, fillcolor=(206, 202, 194))
    b = np.asarray(im, dtype=float)
    edge = np.minimum(np.arange(w), np.arange(w)[::-1])
    b -= (26 * np.exp(-edge / 18))[None, :, None]
    b += rng.normal(0, 2.2, (h, w))[:, :, None]
    im = Image.fromarray(b.clip(0, 255).astype("uint8"), "RGB")
    d = ImageDraw.Draw(im)
    for x, y, r in zip(rng.integers(0, w, 26), rng.integers(0, h, 26), rng.random(26)):
        q = 0.6 + 1.6 * r
        d.ellipse((x - q, y - q, x + q, y + q), fill=(120, 112, 100))
    return im.convert("L")


# A chart and a moving picture.


def depth_chart():
    """Soundings along the Eastern Fairway as a small PNG for a report."""
    im = Image.new("RGB", (1000, 420), "white")
    d = ImageDraw.Draw(im)
    f, fb = ImageFont.truetype(SANS, 18), ImageFont.truetype(SANS_BOLD, 20)
    d.text((70, 12), "Eastern Fairway, soundings below chart datum (m)", font=fb, fill=(30, 40, 60))
    rng = np.random.default_rng(31)
    xs = list(range(0, 2001, 50))
    depths = []
    for x in xs:
        base = 11.62 + 0.12 * math.sin(x / 260)
        if 1180 <= x <= 1420:  # the shoal off Berth 7
            base -= 1.45 * math.exp(-(((x - 1300) / 75) ** 2))
        depths.append(base + float(rng.normal(0, 0.03)))
    px = lambda x: 70 + x * 0.44
    py = lambda z: 60 + (z - 9.5) * 118
    for z in (9.5, 10.0, 10.5, 11.0, 11.5, 12.0):
        d.line((70, py(z), 950, py(z)), fill=(218, 224, 230))
        d.text((18, py(z) - 11), f"{z:.1f}", font=f, fill=(80, 90, 100))
    d.line((70, py(11.5), 950, py(11.5)), fill=(190, 60, 50), width=2)
    d.text((752, py(11.5) - 26), "contract depth 11.5", font=f, fill=(190, 60, 50))
    pts = [(px(x), py(z)) for x, z in zip(xs, depths)]
    d.polygon(pts + [(950, py(12.3)), (70, py(12.3))], fill=(206, 190, 160))
    d.line(pts, fill=(110, 86, 50), width=4)
    d.text((px(1300) - 60, py(10.0) - 30), "Berth 7: 10.2", font=fb, fill=(30, 40, 60))
    d.text((430, 388), "distance from the Lantern Bridge (m)", font=f, fill=(80, 90, 100))
    for x in range(0, 2001, 500):
        d.text((px(x) - 16, 366), str(x), font=f, fill=(80, 90, 100))
    return im


def harbour_frames(n=60, size=(480, 270)):
    """Frames of a harbour camera: the tug passes in front of the town, the light turns."""
    s = Scene(41, [(96, 140, 186), (172, 198, 214), (240, 222, 190)], 0.58)
    s.clouds((255, 246, 236), 0.52, 0.3, 0.8)
    s.hills(0.1, (134, 150, 156))
    s.skyline(0.0, 0.62, 0.07, 0.14, [(206, 160, 120), (182, 112, 92), (222, 206, 178)], (136, 74, 64))
    s.church(0.3, 0.27, (190, 170, 148), (96, 84, 92))
    crane(s.d, 1500, s.hz, 420, (70, 78, 96), facing=-1)
    crane(s.d, 1690, s.hz, 360, (84, 90, 106), facing=-1)
    s.water((80, 116, 126), 0.35)
    back = s.im
    font = ImageFont.truetype(SANS_BOLD, 11)
    for i in range(n):
        t = i / n
        s.rng = np.random.default_rng(41)
        s.im = back.copy()
        s.float(lambda d, y: tug(d, -260 + 1900 * t, y + int(4 * math.sin(i / 4)), 300, (150, 44, 38)), 0.78, 0.45)
        s.float(lambda d, y: trawler(d, 1240 - 300 * t, y, 240, (42, 92, 134), facing=-1), 0.68, 0.45)
        im = s.im.resize(size, Image.LANCZOS)
        d = ImageDraw.Draw(im)
        d.rectangle((6, 6, 292, 24), fill=(18, 24, 32))
        d.text((11, 9), f"HARBOUR CAMERA 3   2021-06-05 09:30:{i // 12:02d}", font=font, fill=(236, 240, 240))
        yield im
