using BitMiracle.LibTiff.Classic;

namespace SafeVision.Imaging.Formats;

/// <summary>Keeps LibTiff.NET from writing to the console about images that are decoded here. Its handler is one for the process,
/// so messages of a host that uses the library itself go where they went before.</summary>
internal sealed class QuietTiffErrors : TiffErrorHandler
{
    private static readonly QuietTiffErrors s_instance = new();
    private static readonly TiffErrorHandler? s_before = Tiff.SetErrorHandler(s_instance);

    [ThreadStatic]
    private static bool s_quiet;

    [ThreadStatic]
    private static string? s_message;

    /// <summary>Runs with messages kept, and the first error of them to be had from <see cref="Message"/>.</summary>
    public static void Begin()
    {
        // The first look at a static field runs the initialisers of all, and so sets the handler.
        s_quiet = s_instance is not null;
        s_message = null;
    }

    public static void End() => s_quiet = false;

    /// <summary>The first error since <see cref="Begin"/>, in the library's words.</summary>
    public static string Message => s_message ?? "the data are not valid";

    public override void ErrorHandler(Tiff tif, string method, string format, params object[] args)
    {
        if (s_quiet)
        {
            s_message ??= string.Format(CultureInfo.InvariantCulture, format, args);
        }
        else
        {
            s_before?.ErrorHandler(tif, method, format, args);
        }
    }

    public override void WarningHandler(Tiff tif, string method, string format, params object[] args)
    {
        if (!s_quiet)
        {
            s_before?.WarningHandler(tif, method, format, args);
        }
    }

    public override void ErrorHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
    {
        if (!s_quiet)
        {
            s_before?.ErrorHandlerExt(tif, clientData, method, format, args);
        }
    }

    public override void WarningHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
    {
        if (!s_quiet)
        {
            s_before?.WarningHandlerExt(tif, clientData, method, format, args);
        }
    }
}

/// <summary>Lends a file's bytes to LibTiff.NET.</summary>
internal sealed class TiffMemoryStream(ReadOnlyMemory<byte> file) : TiffStream
{
    private long _position;

    public override int Read(object clientData, byte[] buffer, int offset, int count)
    {
        int available = (int)Math.Clamp(file.Length - _position, 0, count);
        file.Span.Slice((int)Math.Min(_position, file.Length), available).CopyTo(buffer.AsSpan(offset));
        _position += available;
        return available;
    }

    public override long Seek(object clientData, long offset, SeekOrigin origin)
    {
        long position = offset + origin switch
        {
            SeekOrigin.Current => _position,
            SeekOrigin.End => file.Length,
            _ => 0,
        };
        return position < 0 ? -1 : _position = position;
    }

    public override long Size(object clientData) => file.Length;

    public override void Write(object clientData, byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Close(object clientData)
    {
        // The bytes belong to the source.
    }
}
