using System.Buffers;
using SkiaSharp;

namespace SafeVision.Imaging.Decoding;

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
            throw ImageRejectedException.Corrupt(format, "the tables or headers before the picture are not valid");
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

    /// <summary>RGBA pixels with straight alpha, colours as stored or converted to sRGB.</summary>
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
