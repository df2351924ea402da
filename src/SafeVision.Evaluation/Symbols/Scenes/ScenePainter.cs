namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>Draws plans and measures what of each symbol can be seen. Skia draws each symbol on a transparent sheet; sheets are
/// laid on each other here, pixel by pixel, so that it is known whose each pixel is. For one thread at a time.</summary>
internal sealed class ScenePainter : IDisposable
{
    private const byte Solid = 96;
    private const byte Nobody = 255;

    private readonly int _size;
    private readonly IReadOnlyDictionary<char, Icon> _letters;
    private readonly SymbolPainter _symbols = new();
    private readonly SKBitmap _image;
    private readonly SKBitmap _sheet;
    private readonly SKCanvas _sheetCanvas;
    private readonly byte[] _owners;

    /// <param name="size">The side of images in pixels.</param>
    public ScenePainter(int size, IReadOnlyDictionary<char, Icon> letters)
    {
        _size = size;
        _letters = letters;
        _image = new SKBitmap(new SKImageInfo(size, size, SKColorType.Rgba8888, SKAlphaType.Opaque));
        _sheet = new SKBitmap(new SKImageInfo(size, size, SKColorType.Rgba8888, SKAlphaType.Premul));
        _sheet.Erase(SKColors.Transparent);
        _sheetCanvas = new SKCanvas(_sheet);
        _owners = new byte[size * size];
    }

    /// <summary>Draws a plan.</summary>
    /// <returns>The visible extent of each placement, in its order; null where too much of one is hidden.</returns>
    /// <exception cref="EvaluationException">An icon cannot be drawn.</exception>
    public IReadOnlyList<ImageBox>? Paint(ScenePlan plan)
    {
        plan.Background.Fill(Pixels(_image), _size);
        Array.Fill(_owners, Nobody);
        var drawn = new int[plan.Placements.Count];
        for (int i = 0; i < drawn.Length; i++)
        {
            Placement placement = plan.Placements[i];
            if (placement.Tile is { } tile)
            {
                DrawTile(placement, tile);
                LaySheet(TurnedSquare(placement, 1.45), Nobody);
            }

            Icon icon = placement.Symbol.Icon;
            SKMatrix matrix = _symbols.Place(icon, placement.X * _size, placement.Y * _size, placement.Size * _size, placement.Rotation, placement.IsMirrored);
            _symbols.Draw(_sheetCanvas, icon, in matrix, placement.Style.Apply);
            drawn[i] = LaySheet(Bounds(matrix.MapRect(new SKRect(0, 0, icon.Width, icon.Height))), (byte)i);
        }

        if (plan.Caption is { } caption)
        {
            DrawCaption(caption);
            LaySheet(new SKRectI(0, 0, _size, _size), Nobody);
        }

        return Measure(plan, drawn);
    }

    /// <summary>The image that was painted last, as a PNG file.</summary>
    public byte[] Encode()
    {
        using SKPixmap pixels = _image.PeekPixels();
        using SKData data = pixels.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.Sub, 1)) ?? throw new InvalidOperationException("Skia could not encode a PNG.");
        return data.ToArray();
    }

    /// <summary>The image that was painted last as RGB bytes, rows from the top.</summary>
    public byte[] Copy() => SkiaPixels.FromBitmap(_image).Pixels;

    public void Dispose()
    {
        _sheetCanvas.Dispose();
        _sheet.Dispose();
        _image.Dispose();
        _symbols.Dispose();
    }

    private static Span<uint> Pixels(SKBitmap bitmap) => MemoryMarshal.Cast<byte, uint>(bitmap.GetPixelSpan());

    /// <summary>Lays the sheet on the image inside a rectangle, and clears it there.</summary>
    /// <returns>Pixels that are the sheet's now.</returns>
    private int LaySheet(SKRectI area, byte owner)
    {
        Span<uint> sheet = Pixels(_sheet);
        Span<uint> image = Pixels(_image);
        int solid = 0;
        for (int y = area.Top; y < area.Bottom; y++)
        {
            for (int at = (y * _size) + area.Left; at < (y * _size) + area.Right; at++)
            {
                uint over = sheet[at];
                uint alpha = over >> 24;
                if (alpha == 0)
                {
                    continue;
                }

                sheet[at] = 0;
                image[at] = Blend(over, image[at], 255 - alpha);
                if (alpha >= Solid)
                {
                    _owners[at] = owner;
                    solid++;
                }
            }
        }

        return solid;
    }

    /// <summary>Premultiplied source over an opaque pixel: two channels at a time, rounded, in whole numbers.</summary>
    private static uint Blend(uint over, uint under, uint rest)
    {
        uint redBlue = ((under & 0x00ff00ff) * rest) + 0x00800080;
        uint green = (((under >> 8) & 0xff) * rest) + 0x80;
        redBlue = ((redBlue + ((redBlue >> 8) & 0x00ff00ff)) >> 8) & 0x00ff00ff;
        green = ((green + (green >> 8)) >> 8) & 0xff;
        return (over + (redBlue | (green << 8))) | 0xff000000;
    }

    private ImageBox[]? Measure(ScenePlan plan, int[] drawn)
    {
        int count = plan.Placements.Count;
        var seen = new int[count];
        var boxes = new (int Left, int Top, int Right, int Bottom)[count];
        Array.Fill(boxes, (_size, _size, 0, 0));
        for (int y = 0; y < _size; y++)
        {
            for (int x = 0; x < _size; x++)
            {
                int owner = _owners[(y * _size) + x];
                if (owner < count)
                {
                    seen[owner]++;
                    ref (int Left, int Top, int Right, int Bottom) box = ref boxes[owner];
                    box = (Math.Min(box.Left, x), Math.Min(box.Top, y), Math.Max(box.Right, x + 1), Math.Max(box.Bottom, y + 1));
                }
            }
        }

        // Less than a few pixels cannot be seen, and what cannot be seen is no ground truth.
        int least = Math.Max(24, _size * _size / 2000);
        for (int i = 0; i < count; i++)
        {
            if (seen[i] < least || seen[i] < plan.Placements[i].LeastVisible * drawn[i])
            {
                return null;
            }
        }

        double side = _size;
        return Array.ConvertAll(boxes, box => new ImageBox(box.Left / side, box.Top / side, (box.Right - box.Left) / side, (box.Bottom - box.Top) / side));
    }

    private void DrawTile(Placement placement, SKColor color)
    {
        using var paint = new SKPaint { Color = color, IsAntialias = true };
        float half = (float)(placement.Size * _size * 0.68);
        _sheetCanvas.SetMatrix(SKMatrix.CreateTranslation((float)(placement.X * _size), (float)(placement.Y * _size)).PreConcat(SKMatrix.CreateRotationDegrees((float)placement.Rotation)));
        _sheetCanvas.DrawRoundRect(new SKRect(-half, -half, half, half), half / 3, half / 3, paint);
    }

    private void DrawCaption(Caption caption)
    {
        // In the set of letters a capital is 10 of 24 units high, and the widest is as wide.
        float scale = (float)(caption.Height * _size / 10);
        float x = (float)(caption.X * _size);
        foreach (char character in caption.Text)
        {
            if (_letters.TryGetValue(character, out Icon? letter))
            {
                SKRect ink = _symbols.Ink(letter);
                SKMatrix matrix = SKMatrix.CreateTranslation(x, (float)(caption.Y * _size)).PreConcat(SKMatrix.CreateScale(scale, scale)).PreConcat(SKMatrix.CreateTranslation(-ink.Left, -7));
                _symbols.Draw(_sheetCanvas, letter, in matrix, _ => caption.Color);
                x += (ink.Width + 1.6f) * scale;
            }
            else
            {
                x += 4 * scale;
            }
        }
    }

    private SKRectI TurnedSquare(Placement placement, double scale)
    {
        float half = (float)(placement.Size * _size * scale * 0.71);
        float x = (float)(placement.X * _size);
        float y = (float)(placement.Y * _size);
        return Bounds(new SKRect(x - half, y - half, x + half, y + half));
    }

    /// <summary>The whole pixels that a rectangle touches, with a margin for soft edges.</summary>
    private SKRectI Bounds(SKRect rectangle) => new(
        Math.Clamp((int)(rectangle.Left - 2), 0, _size),
        Math.Clamp((int)(rectangle.Top - 2), 0, _size),
        Math.Clamp((int)(rectangle.Right + 3), 0, _size),
        Math.Clamp((int)(rectangle.Bottom + 3), 0, _size));
}
