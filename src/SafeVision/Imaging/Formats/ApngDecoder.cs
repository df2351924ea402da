namespace SafeVision.Imaging.Formats;

/// <summary>Composes the frames of an animated PNG, each decoded as a PNG of its own (W3C PNG, third edition, 11.3.6.2).</summary>
internal struct ApngDecoder : IFrameComposer
{
    private readonly ReadOnlyMemory<byte> _file;
    private readonly ImageHeader _header;
    private readonly List<ApngFrame> _frames;
    private readonly DecodeClock _clock;
    private readonly PixelBuffer _frameFile;
    private readonly PixelBuffer _canvas;
    private PixelBuffer? _before;
    private ApngFrame _shown;
    private int _composed = -1;
    private bool _hasDoubtfulColors;

    private ApngDecoder(ReadOnlyMemory<byte> file, ImageHeader header, List<ApngFrame> frames, DecodeClock clock)
    {
        _file = file;
        _header = header;
        _frames = frames;
        _clock = clock;
        _frameFile = PixelBuffer.Rent(ApngFrameFile.MostBytes(file.Length));
        _canvas = PixelBuffer.Rent(header.Width * header.Height * 4);
        _canvas.Span.Clear();
    }

    public readonly int Frames => _frames.Count;

    public readonly bool IsCut => false; // A PNG that ends early is refused by its header.

    public readonly int MostDrawn => 8;

    public static DecodedImage Decode(ReadOnlyMemory<byte> file, ImageHeader header, ImageDecodeOptions options, DecodeClock clock)
    {
        var decoder = new ApngDecoder(file, header, ApngLayout.Read(file.Span, header), clock);
        try
        {
            DecodedImage image = SampledFrames.Decode(ref decoder, ImageFormat.Png, header, options);
            image.HasDoubtfulColors = decoder._hasDoubtfulColors;
            return image;
        }
        finally
        {
            decoder.Release();
        }
    }

    public void Rewind()
    {
        (_composed, _shown) = (-1, default);
        _canvas.Span.Clear();
    }

    public readonly TimeSpan DurationOf(int frame) => _frames[frame].Duration;

    public readonly long PixelsOf(int frame) => (long)_frames[frame].Width * _frames[frame].Height;

    public readonly bool IsIndependent(int frame) => _frames[frame].Covers(_header);

    public readonly bool IsTakenBack(int frame) => _frames[frame].Disposal == ApngDisposal.RestorePrevious;

    public PixelBuffer Compose(int target)
    {
        for (int i = FrameOrder.FirstNeeded(ref this, target, _composed); i <= target; i++)
        {
            _clock.Check();
            ApngFrame frame = _frames[i];
            if (frame.Disposal == ApngDisposal.RestorePrevious && i < target)
            {
                continue; // It leaves nothing, and nobody looks at it.
            }

            DisposeShown();
            if (frame.Disposal == ApngDisposal.RestorePrevious)
            {
                _before ??= PixelBuffer.Rent(_canvas.Length);
                _canvas.Span.CopyTo(_before.Span);
            }

            Draw(frame);
            _shown = frame;
        }

        _composed = target;
        return _canvas;
    }

    // What the frame on the canvas leaves behind.
    private readonly void DisposeShown()
    {
        if (_shown.Disposal == ApngDisposal.RestorePrevious)
        {
            _before!.Span.CopyTo(_canvas.Span);
        }
        else if (_shown.Disposal == ApngDisposal.Clear)
        {
            for (int y = 0; y < _shown.Height; y++)
            {
                RowOf(_shown, y).Clear();
            }
        }
    }

    private void Draw(in ApngFrame frame)
    {
        if (frame.Covers(_header))
        {
            DecodeInto(frame, _canvas.Span);
            return;
        }

        using PixelBuffer pixels = PixelBuffer.Rent(frame.Width * frame.Height * 4);
        DecodeInto(frame, pixels.Span);
        for (int y = 0; y < frame.Height; y++)
        {
            ReadOnlySpan<byte> row = pixels.Span.Slice(y * frame.Width * 4, frame.Width * 4);
            if (frame.IsBlended)
            {
                StraightAlpha.Over(row, RowOf(frame, y));
            }
            else
            {
                row.CopyTo(RowOf(frame, y));
            }
        }
    }

    private void DecodeInto(in ApngFrame frame, Span<byte> rgba)
    {
        int length = ApngFrameFile.Write(_file.Span, frame, _frameFile.Span);
        using var codec = new SkiaCodec(_frameFile.Memory[..length], ImageFormat.Png, _header.Color);
        codec.Decode(rgba, frame.Width, frame.Height);
        _hasDoubtfulColors = codec.Conversion.IsDoubtful;
    }

    private readonly Span<byte> RowOf(in ApngFrame frame, int y) => _canvas.Span.Slice((((frame.Y + y) * _header.Width) + frame.X) * 4, frame.Width * 4);

    private readonly void Release()
    {
        ((IDisposable)_frameFile).Dispose();
        ((IDisposable)_canvas).Dispose();
        ((IDisposable?)_before)?.Dispose();
    }
}

/// <summary>Composites pixels whose colors are not multiplied with their alpha on others of the kind (Porter and Duff's "over").</summary>
internal static class StraightAlpha
{
    public static void Over(ReadOnlySpan<byte> source, Span<byte> target)
    {
        for (int i = 0; i < target.Length; i += 4)
        {
            int alpha = source[i + 3];
            if (alpha == 255)
            {
                source.Slice(i, 4).CopyTo(target[i..]);
            }
            else if (alpha > 0)
            {
                int above = alpha * 255, behind = (255 - alpha) * target[i + 3], sum = above + behind;
                for (int channel = i; channel < i + 3; channel++)
                {
                    target[channel] = (byte)(((source[channel] * above) + (target[channel] * behind) + (sum / 2)) / sum);
                }

                target[i + 3] = (byte)((sum + 127) / 255);
            }
        }
    }
}
