"""Draws the animated PNGs of this folder and what each frame looks like once composed (RGBA, straight alpha).

Needs only Python. The composition follows W3C PNG (third edition), 11.3.6.2 and 13.16, in integers.
"""
import random
import struct
import zlib

WIDTH, HEIGHT = 40, 30


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def rows(pixels, width, height, channels):
    return zlib.compress(b"".join(b"\0" + bytes(pixels[y * width * channels:(y + 1) * width * channels]) for y in range(height)), 9)


def png(pixels, width, height):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
            + chunk(b"IDAT", rows(pixels, width, height, 4)) + chunk(b"IEND", b""))


def picture(width, height, seed, soft, channels):
    dice = random.Random(seed)
    base = [dice.randrange(256) for _ in range(3)]
    pixels = []
    for y in range(height):
        for x in range(width):
            pixels += [(base[0] + 5 * x) % 256, (base[1] + 7 * y) % 256, (base[2] + 3 * (x ^ y)) % 256]
            if channels == 4:
                pixels.append(dice.choice([0, 60, 128, 200, 255]) if soft else 255)
    return pixels


def over(above, below):
    alpha, under = above[3] * 255, (255 - above[3]) * below[3]
    total = alpha + under
    if total == 0:
        return below
    return [(above[c] * alpha + below[c] * under + total // 2) // total for c in range(3)] + [(total + 127) // 255]


def compose(canvas, frame):
    x0, y0, width, height, blend = frame["x"], frame["y"], frame["w"], frame["h"], frame["blend"]
    for y in range(height):
        for x in range(width):
            source = frame["rgba"][(y * width + x) * 4:(y * width + x) * 4 + 4]
            at = ((y0 + y) * WIDTH + x0 + x) * 4
            target = canvas[at:at + 4]
            canvas[at:at + 4] = (target if source[3] == 0 else over(source, target)) if blend else source


def animation(name, frames, apart=None, channels=4):
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6 if channels == 4 else 2, 0, 0, 0))
    file += chunk(b"acTL", struct.pack(">II", len(frames), 0))
    sequence, composed = 0, []
    if apart is not None:
        file += chunk(b"IDAT", rows(apart["pixels"], WIDTH, HEIGHT, channels))
        composed.append(list(apart["rgba"]))
    canvas = [0] * (WIDTH * HEIGHT * 4)
    for index, frame in enumerate(frames):
        file += chunk(b"fcTL", struct.pack(">IIIIIHHBB", sequence, frame["w"], frame["h"], frame["x"], frame["y"], 1, 10, frame["dispose"], frame["blend"]))
        sequence += 1
        data = rows(frame["pixels"], frame["w"], frame["h"], channels)
        if index == 0 and apart is None:
            file += chunk(b"IDAT", data)
        else:
            for part in (data[:len(data) // 2], data[len(data) // 2:]):
                file += chunk(b"fdAT", struct.pack(">I", sequence) + part)
                sequence += 1
        before = list(canvas)
        compose(canvas, frame)
        composed.append(list(canvas))
        if frame["dispose"] == 1:
            compose(canvas, dict(frame, blend=0, rgba=[0] * (frame["w"] * frame["h"] * 4)))
        elif frame["dispose"] == 2:
            canvas = before
    open(name + ".png", "wb").write(file + chunk(b"IEND", b""))
    for index, pixels in enumerate(composed):
        open(f"{name}.frame{index}.png", "wb").write(png(pixels, WIDTH, HEIGHT))


def frame(seed, x=0, y=0, w=WIDTH, h=HEIGHT, dispose=0, blend=0, soft=False, channels=4):
    pixels = picture(w, h, seed, soft, channels)
    rgba = pixels if channels == 4 else [v for i in range(w * h) for v in pixels[i * 3:i * 3 + 3] + [255]]
    return dict(x=x, y=y, w=w, h=h, dispose=dispose, blend=blend, pixels=pixels, rgba=rgba)


animation("blend", [frame(1, soft=True), frame(2, 5, 4, 20, 15, blend=1, soft=True), frame(3, 10, 10, 30, 20, blend=1, soft=True), frame(4, 0, 0, 7, 9, soft=True)])
animation("clear", [frame(5), frame(6, 5, 4, 20, 15, dispose=1, blend=1, soft=True), frame(7, 12, 10, 8, 9, dispose=1), frame(8, 0, 20, 40, 10, blend=1, soft=True)])
animation("takeback", [frame(9, dispose=2), frame(10, 3, 3, 20, 20), frame(11, 5, 5, 10, 10, dispose=2, blend=1, soft=True), frame(12, 8, 8, 30, 20, dispose=2), frame(13, 30, 20, 10, 10)])
animation("apart", [frame(14, 5, 5, 10, 10), frame(15, 8, 8, 20, 20, blend=1, soft=True)], apart=frame(16))
animation("rgb", [frame(17, channels=3), frame(18, 20, 3, 15, 15, channels=3), frame(19, channels=3)], channels=3)
