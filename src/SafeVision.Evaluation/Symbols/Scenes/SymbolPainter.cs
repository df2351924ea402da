namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>Draws icons at any place of a canvas, by the part of their view box that they really draw on. Keeps what it has parsed;
/// for one thread at a time.</summary>
internal sealed class SymbolPainter : IDisposable
{
    private const int ProbeSize = 96;
    private readonly Dictionary<(string Set, string Id), (SvgNode Drawing, SKRect Ink)> _drawings = [];
    private readonly SKBitmap _probe = new(new SKImageInfo(ProbeSize, ProbeSize, SKColorType.Rgba8888, SKAlphaType.Premul));

    public void Dispose() => _probe.Dispose();

    /// <summary>From an icon's coordinates to the canvas: the drawn part's longer side becomes <paramref name="size"/>.</summary>
    /// <exception cref="EvaluationException">The icon cannot be drawn.</exception>
    public SKMatrix Place(Icon icon, double x, double y, double size, double rotation, bool isMirrored)
    {
        SKRect ink = Load(icon).Ink;
        float scale = (float)size / Math.Max(ink.Width, ink.Height);
        return SKMatrix.CreateTranslation((float)x, (float)y)
            .PreConcat(SKMatrix.CreateRotationDegrees((float)rotation))
            .PreConcat(SKMatrix.CreateScale(isMirrored ? -scale : scale, scale))
            .PreConcat(SKMatrix.CreateTranslation(-ink.MidX, -ink.MidY));
    }

    /// <summary>The part of the view box that is drawn on.</summary>
    /// <exception cref="EvaluationException">The icon cannot be drawn.</exception>
    public SKRect Ink(Icon icon) => Load(icon).Ink;

    /// <summary>Draws an icon.</summary>
    /// <exception cref="EvaluationException">The icon cannot be drawn.</exception>
    public void Draw(SKCanvas canvas, Icon icon, in SKMatrix matrix, Func<SvgColor, SKColor> color)
    {
        canvas.SetMatrix(matrix);
        canvas.Save();
        canvas.ClipRect(new SKRect(0, 0, icon.Width, icon.Height));
        Load(icon).Drawing.Draw(canvas, color);
        canvas.Restore();
    }

    private (SvgNode Drawing, SKRect Ink) Load(Icon icon)
    {
        if (!_drawings.TryGetValue((icon.Set, icon.Id), out (SvgNode, SKRect) known))
        {
            try
            {
                SvgNode drawing = SvgReader.Read(icon.Body);
                known = (drawing, Measure(drawing, icon));
            }
            catch (EvaluationException exception)
            {
                throw new EvaluationException($"The icon {icon.Set}:{icon.Id} cannot be drawn. {exception.Message}", exception);
            }

            _drawings[(icon.Set, icon.Id)] = known;
        }

        return known;
    }

    /// <summary>The drawn part, found by drawing: bounds of paths would count what is clipped or has no paint.</summary>
    private SKRect Measure(SvgNode drawing, Icon icon)
    {
        float scale = ProbeSize / Math.Max(icon.Width, icon.Height);
        _probe.Erase(SKColors.Transparent);
        using (var canvas = new SKCanvas(_probe))
        {
            canvas.Scale(scale);
            canvas.ClipRect(new SKRect(0, 0, icon.Width, icon.Height));
            drawing.Draw(canvas, color => color.Value);
        }

        (int left, int top, int right, int bottom) = (ProbeSize, ProbeSize, 0, 0);
        ReadOnlySpan<byte> pixels = _probe.GetPixelSpan();
        for (int y = 0; y < ProbeSize; y++)
        {
            for (int x = 0; x < ProbeSize; x++)
            {
                if (pixels[(((y * ProbeSize) + x) * 4) + 3] >= 32)
                {
                    left = Math.Min(left, x);
                    right = Math.Max(right, x + 1);
                    top = Math.Min(top, y);
                    bottom = Math.Max(bottom, y + 1);
                }
            }
        }

        return right > left
            ? new SKRect(left / scale, top / scale, right / scale, bottom / scale)
            : throw new EvaluationException("It draws nothing.");
    }
}
