"""Times Pillow's resize on the cases of `dotnet run -c Release --project benchmarks/SafeVision.Benchmarks -- resize`.

Run both in turn on the same machine and divide. Needs Pillow (Debian: python3-pil) or Pillow-SIMD.
"""
import os
import time

from PIL import Image, __version__

CASES = [((2560, 1600), (320, 200)), ((2560, 1600), (2048, 1280)), ((2560, 1600), (5478, 3424)),
         ((4000, 3000), (341, 256)), ((1280, 960), (341, 256)), ((640, 480), (341, 256))]
FILTERS = [("Bilinear", Image.BILINEAR), ("Bicubic", Image.BICUBIC), ("Lanczos", Image.LANCZOS)]


def fastest(picture, size, kernel, seconds=1.5):
    best, start = float("inf"), time.perf_counter()
    while best == float("inf") or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        picture.resize(size, kernel)
        best = min(best, time.perf_counter() - begin)
    return best * 1000


print(f"Pillow {__version__}, one thread, fastest run in ms.\n")
print("| resize | filter | ms | MB/s |")
print("|---|---|--:|--:|")
for source, target in CASES:
    picture = Image.frombytes("RGB", source, os.urandom(source[0] * source[1] * 3))
    for name, kernel in FILTERS:
        ms = fastest(picture, target, kernel)
        print(f"| {source[0]}x{source[1]} to {target[0]}x{target[1]} | {name} | {ms:.2f} | {source[0] * source[1] * 3 / ms / 1000:.0f} |")
