using System.Text;
using Microsoft.Win32.SafeHandles;

namespace SafeVision.Cli.Output;

/// <summary>Standard output as results need it: UTF-8 in files and pipes, and a pipe that nobody reads any more ends the work.</summary>
internal static class StandardOutput
{
    private const int BrokenPipe = 32; // EPIPE on Linux and macOS

    public static TextWriter Open() => Console.IsOutputRedirected
        ? new StreamWriter(OpenStream(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true }
        : Console.Out;

    public static bool IsClosed(IOException exception) => !OperatingSystem.IsWindows() && exception.HResult == BrokenPipe;

    private static Stream OpenStream()
    {
        // The console's own stream hides that the other end of a pipe was closed, and thousands of images would be judged
        // for nobody. A file is left to it: there standard error may write to the same place.
        if (!OperatingSystem.IsWindows())
        {
            var pipe = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!pipe.CanSeek)
            {
                return pipe;
            }
        }

        return Console.OpenStandardOutput();
    }
}
