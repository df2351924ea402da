using System.Globalization;
using BitMiracle.LibTiff.Classic;

namespace SafeVision.Imaging.Decoding;

/// <summary>
/// Keeps LibTiff.NET from writing to the console about images that are decoded here. Its handler is one for the process, so
/// messages of a host that uses the library itself go where they went before.
/// </summary>
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
