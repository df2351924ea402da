namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>A background, drawn in whole numbers so that it is the same everywhere.</summary>
internal sealed record Background(Backdrop Kind, SKColor First, SKColor Second, int Grain, ulong Seed)
{
    /// <summary>The colour that things must stand out from: between the two, which are of similar brightness.</summary>
    public SKColor Ground => ColorMath.Between(First, Second, 127);

    public static Background Create(SceneRandom random)
    {
        double value = random.Next(0, 1) switch { < 0.6 => random.Next(0.82, 1), < 0.8 => random.Next(0.45, 0.75), _ => random.Next(0.05, 0.3) };
        double saturation = random.Chance(0.4) ? 0 : random.Next(0.05, 0.6);
        double hue = random.Next(0, 360);
        SKColor first = ColorMath.Of(hue, saturation, value);
        SKColor second = ColorMath.Of(hue + random.Next(-60, 60), saturation, Math.Clamp(value + random.Next(-0.12, 0.12), 0, 1));
        Backdrop kind = random.Next(0, 1) switch { < 0.35 => Backdrop.Plain, < 0.55 => Backdrop.Gradient, < 0.7 => Backdrop.Noise, < 0.85 => Backdrop.Checker, _ => Backdrop.Shapes };
        return new Background(kind, first, kind == Backdrop.Plain ? first : second, 6 + random.Next(40), (ulong)random.Next(int.MaxValue));
    }

    /// <summary>Fills a square image of RGBA pixels.</summary>
    public void Fill(Span<uint> pixels, int size)
    {
        var random = new SceneRandom((long)Seed);
        double angle = random.Next(0, 2 * Math.PI);
        int dx = (int)(Math.Cos(angle) * 1024);
        int dy = (int)(Math.Sin(angle) * 1024);
        (int X, int Y, int Radius)[] discs = [.. Enumerable.Range(0, Kind == Backdrop.Shapes ? 5 : 0).Select(_ => (random.Next(size), random.Next(size), (size / 8) + random.Next(size / 4)))];
        Span<uint> shades = stackalloc uint[256];
        for (int share = 0; share < shades.Length; share++)
        {
            SKColor color = ColorMath.Between(First, Second, share);
            shades[share] = color.Red | ((uint)color.Green << 8) | ((uint)color.Blue << 16) | 0xff000000;
        }

        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                pixels[(y * size) + x] = shades[Kind switch
                {
                    Backdrop.Gradient => Math.Clamp(127 + ((((x - (size / 2)) * dx) + ((y - (size / 2)) * dy)) / (5 * size)), 0, 255),
                    Backdrop.Noise => Grainy(x, y),
                    Backdrop.Checker => (((x / Grain) + (y / Grain)) & 1) * 255,
                    Backdrop.Shapes => Cover(discs, x, y),
                    _ => 0,
                }];
            }
        }
    }

    /// <summary>Noise that is smooth between points of a grid: bilinear, in eighths.</summary>
    private int Grainy(int x, int y)
    {
        const int cell = 8;
        int cx = x / cell, cy = y / cell, fx = x % cell, fy = y % cell;
        int top = (Hash(cx, cy) * (cell - fx)) + (Hash(cx + 1, cy) * fx);
        int bottom = (Hash(cx, cy + 1) * (cell - fx)) + (Hash(cx + 1, cy + 1) * fx);
        return ((top * (cell - fy)) + (bottom * fy)) / (cell * cell);
    }

    private int Hash(int x, int y)
    {
        ulong value = (Seed ^ ((ulong)x * 0x9e3779b97f4a7c15) ^ ((ulong)y * 0xc2b2ae3d27d4eb4f)) * 0xbf58476d1ce4e5b9;
        return (int)((value ^ (value >> 29)) >> 40) & 255;
    }

    /// <summary>Discs with soft edges: 255 inside, falling to 0 over a twelfth of the radius.</summary>
    private static int Cover((int X, int Y, int Radius)[] discs, int x, int y)
    {
        int most = 0;
        foreach ((int cx, int cy, int radius) in discs)
        {
            int outer = radius * radius;
            int distance = ((x - cx) * (x - cx)) + ((y - cy) * (y - cy));
            most = Math.Max(most, Math.Clamp((outer - distance) * 6 * 255 / outer, 0, 255));
        }

        return most;
    }
}

/// <summary>What is behind the symbols.</summary>
internal enum Backdrop
{
    Plain,
    Gradient, // from one colour to another, in any direction
    Noise, // two colours, mixed by smooth noise
    Checker, // squares of two colours
    Shapes, // discs of one colour on the other
}
