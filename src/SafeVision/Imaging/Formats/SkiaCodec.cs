namespace SafeVision.Imaging.Formats;

/// <summary>A native decoder over bytes that stay where they are while it lives.</summary>
internal readonly unsafe ref struct SkiaCodec
{
    private readonly ImageFormat _format;
    private readonly MemoryHandle _pin;
    private readonly SKData _data;

    public SkiaCodec(ReadOnlyMemory<byte> file, ImageFormat format, in ColorInformation color)
    {
        _format = format;
        _pin = file.Pin();
        _data = SKData.Create((nint)_pin.Pointer, file.Length);
        SKCodec? codec = SKCodec.Create(_data);
        if (codec is null)
        {
            _data.Dispose();
            _pin.Dispose();
            throw ImageRejectedException.Corrupt(format, "the tables or headers before the image are not valid");
        }

        Codec = codec;
        Conversion = ColorConversion.For(codec, format, color);
    }

    public SKCodec Codec { get; }

    /// <summary>How its pixels become sRGB.</summary>
    public ColorConversion Conversion { get; }

    public void Dispose()
    {
        Codec.Dispose();
        _data.Dispose();
        _pin.Dispose();
    }

    /// <summary>RGBA pixels with straight alpha, colors as stored or converted to sRGB.</summary>
    public SKImageInfo PixelInfo(int width, int height) => new(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, Conversion.Target);

    /// <summary>Decodes the only frame.</summary>
    public void Decode(Span<byte> rgba, int width, int height)
    {
        fixed (byte* start = rgba)
        {
            ThrowUnlessSuccess(Codec.GetPixels(PixelInfo(width, height), (nint)start));
        }

        Conversion.Apply(rgba, width, height);
    }

    /// <summary>Refuses the image unless decoding went well.</summary>
    public void ThrowUnlessSuccess(SKCodecResult result, int frame = 0)
    {
        switch (result)
        {
            case SKCodecResult.Success:
                return;
            case SKCodecResult.IncompleteInput:
                throw ImageRejectedException.Truncated(_format, $"the data end before frame {frame} is complete");
            case SKCodecResult.ErrorInInput or SKCodecResult.InvalidInput:
                throw ImageRejectedException.Corrupt(_format, $"the data of frame {frame} are not valid");
            default:
                throw ImageRejectedException.Unsupported(_format, $"the decoder refuses frame {frame}: {result}");
        }
    }
}

/// <summary>Decodes a PNG, BMP, or WebP of one frame in one go.</summary>
internal static class StillDecoder
{
    public static DecodedImage Decode(ReadOnlyMemory<byte> file, ImageFormat format, ImageHeader header, ImageDecodeOptions options)
    {
        PixelBuffer pixels = PixelBuffer.Rent(header.Width * header.Height * 4);
        List<ImageFrame>? others = null;
        try
        {
            using var decoder = new SkiaCodec(file, format, header.Color);
            decoder.Decode(pixels.Span, header.Width, header.Height);
            bool hasAlpha = header.HasAlpha && !(format == ImageFormat.Bmp && IsBlank(pixels.Span));
            var writer = new UprightWriter(header.Width, header.Height, header.Orientation, hasAlpha ? options.Background ?? RgbColor.White : null);
            if (hasAlpha)
            {
                var stored = new StoredPixels(pixels.Span, header.Width * 4, header.Width, header.Height, header.Orientation);
                OtherRenderings.AddGrounds(ref others, 0, TimeSpan.Zero, stored, header.CanIgnoreAlpha, 1, options);
            }

            if (header.Orientation != Orientation.Upright)
            {
                PixelBuffer upright = PixelBuffer.Rent(header.Width * header.Height * 3);
                writer.Write(pixels.Span, header.Width * 4, 0, upright.Span);
                ((IDisposable)pixels).Dispose();
                pixels = upright;
            }
            else
            {
                // In place: three bytes never overtake the four they come from.
                writer.Write(pixels.Span, header.Width * 4, 0, pixels.Span);
            }

            var frame = new ImageFrame(0, TimeSpan.Zero, writer.Width, writer.Height, pixels);
            return new DecodedImage(format, writer.Width, writer.Height, 1, [frame], others) { HasDoubtfulColors = decoder.Conversion.IsDoubtful };
        }
        catch
        {
            ((IDisposable)pixels).Dispose();
            others?.ForEach(frame => frame.Release());
            throw;
        }
    }

    // Programs that write no alpha into a bitmap leave zeros in its place, and viewers show such a bitmap as opaque.
    public static bool IsBlank(ReadOnlySpan<byte> rgba)
    {
        for (int i = 3; i < rgba.Length; i += 4)
        {
            if (rgba[i] != 0)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>The time that one image may still take, and whether anyone is waiting for it.</summary>
internal readonly struct DecodeClock(TimeProvider time, ImageFormat format, TimeSpan? limit, CancellationToken cancellationToken)
{
    private readonly long _start = time.GetTimestamp();

    public void Check()
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (limit is { } most && time.GetElapsedTime(_start) is var taken && taken > most)
        {
            throw ImageRejectedException.TooLarge(format, $"decoding took {taken.TotalSeconds:0.0} s and was not done; the limit is {most.TotalSeconds:0.0} s (ImageLimits.MaxTime)");
        }
    }
}
