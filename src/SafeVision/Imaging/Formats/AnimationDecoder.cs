// Formats: from the bytes of a file to upright RGB frames. ImageFormatSniffer tells the format, the header of each format is read
// and held to the limits (PngHeader, JpegHeader, ...) before a decoder allocates a pixel (SkiaCodec for still images,
// JpegDecoder, ApngDecoder, AnimationDecoder for GIF and WebP, TiffDecoder). FrameSampling chooses the frames of an animation,
// ColorConversion and OtherRenderings see to what viewers show, UprightWriter writes the pixels.

namespace SafeVision.Imaging.Formats;

/// <summary>Composes the frames of a GIF or an animated WebP.</summary>
/// <remarks>Two canvases hold what later frames build on: the last frame, and, where frames are taken back after they were shown
/// (GIF disposal 3), the last that stays.</remarks>
internal ref struct AnimationDecoder : IFrameComposer
{
    private const int None = -1;

    private readonly SkiaCodec _decoder;
    private readonly ImageFormat _format;
    private readonly ImageHeader _header;
    private readonly DecodeClock _clock;
    private PixelBuffer _canvas;
    private PixelBuffer? _scratch;
    private int _onCanvas = None;

    private AnimationDecoder(SkiaCodec decoder, ImageFormat format, ImageHeader header, DecodeClock clock)
    {
        _decoder = decoder;
        _format = format;
        _header = header;
        _clock = clock;
        Frames = Math.Min(Math.Max(decoder.Codec.FrameCount, 1), header.Frames);
        _canvas = PixelBuffer.Rent(header.Width * header.Height * 4);
    }

    public int Frames { get; }
    public bool IsCut { get; private set; }

    // Skia takes twenty times as long to blend a pixel of a WebP as to decode one of a GIF.
    public readonly int MostDrawn => _format == ImageFormat.Gif ? 16 : 4;

    public static DecodedImage Decode(ReadOnlyMemory<byte> file, ImageFormat format, ImageHeader header, ImageDecodeOptions options, DecodeClock clock)
    {
        using var decoder = new SkiaCodec(file, format, header.Color);

        // A first frame larger than the screen it is on enlarges the screen, as in browsers.
        SKSizeI canvas = decoder.Codec.Info.Size;
        options.Limits.CheckSize(format, canvas.Width, canvas.Height, 0, "the canvas");
        header = header with { Width = canvas.Width, Height = canvas.Height };
        var animation = new AnimationDecoder(decoder, format, header, clock);
        try
        {
            DecodedImage image = SampledFrames.Decode(ref animation, format, header, options);
            image.HasDoubtfulColors = decoder.Conversion.IsDoubtful;
            return image;
        }
        finally
        {
            animation.Release();
        }
    }

    public void Rewind() => (_onCanvas, IsCut) = (None, false);

    public readonly TimeSpan DurationOf(int frame) =>
        _decoder.Codec.GetFrameInfo(frame, out SKCodecFrameInfo info) ? TimeSpan.FromMilliseconds(Math.Max(info.Duration, 0)) : TimeSpan.Zero;

    public readonly long PixelsOf(int frame) => _header.FramePixels is { } pixels ? pixels[frame] : (long)_header.Width * _header.Height;

    public readonly bool IsIndependent(int frame) => _decoder.Codec.GetFrameInfo(frame, out SKCodecFrameInfo info) && info.RequiredFrame == None;

    public readonly bool IsTakenBack(int frame) =>
        _decoder.Codec.GetFrameInfo(frame, out SKCodecFrameInfo info) && info.DisposalMethod == SKCodecAnimationDisposalMethod.RestorePrevious;

    public PixelBuffer Compose(int target)
    {
        PixelBuffer shown = _canvas;
        for (int frame = FrameOrder.FirstNeeded(ref this, target, _onCanvas); frame <= target && !IsCut; frame++)
        {
            _clock.Check();
            bool restoresPrevious = IsTakenBack(frame);
            if (restoresPrevious && frame < target)
            {
                continue; // Nothing is composed on it, and nobody looks at it.
            }

            shown = restoresPrevious ? CopyOfCanvas() : _canvas;
            Draw(frame, IsIndependent(frame) ? None : _onCanvas, shown);
            _onCanvas = restoresPrevious ? _onCanvas : frame;
        }

        return shown;
    }

    private unsafe void Draw(int frame, int prior, PixelBuffer canvas)
    {
        SKImageInfo info = _decoder.PixelInfo(_header.Width, _header.Height);
        fixed (byte* start = canvas.Span)
        {
            if (prior == None)
            {
                canvas.Span.Clear();
            }

            SKCodecResult result = _decoder.Codec.GetPixels(info, (nint)start, info.RowBytes, new SKCodecOptions(frame, prior));
            if (result == SKCodecResult.IncompleteInput && frame > 0)
            {
                // The file is cut within an animation: what viewers show of this frame is looked at, and is the last.
                IsCut = true;
                return;
            }

            _decoder.ThrowUnlessSuccess(result, frame);
        }
    }

    private PixelBuffer CopyOfCanvas()
    {
        _scratch ??= PixelBuffer.Rent(_canvas.Length);
        _canvas.Span.CopyTo(_scratch.Span);
        return _scratch;
    }

    private readonly void Release()
    {
        ((IDisposable)_canvas).Dispose();
        ((IDisposable?)_scratch)?.Dispose();
    }
}
