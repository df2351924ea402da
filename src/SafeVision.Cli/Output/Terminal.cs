using Microsoft.Win32.SafeHandles;

namespace SafeVision.Cli.Output;

/// <summary>How text for people is written.</summary>
internal static class Terminal
{
    private const int NarrowestConsole = 40;
    private const int WidestConsole = 200;

    /// <summary>A console over a writer: coloured only where it is a terminal, and never so wide that a line can't be read.</summary>
    public static IAnsiConsole Open(TextWriter writer)
    {
        bool isTerminal = IsTerminal(writer);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        int width = !isTerminal && int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out int columns)
            ? columns
            : console.Profile.Width;
        console.Profile.Width = Math.Clamp(width, NarrowestConsole, WidestConsole);
        return console;
    }

    /// <summary>Whether what is written goes to a terminal, and not to a file or a program.</summary>
    public static bool IsTerminal(TextWriter writer) => writer == Console.Out && !Console.IsOutputRedirected;

    /// <summary>Text without the characters that steer a terminal or turn its direction: names of files come from strangers. Line
    /// breaks stay when they are the message's own, which a name's can't be told from, so callers clean names on their
    /// own.</summary>
    public static string Plain(string text) => Clean(text, keep: '\n');

    /// <summary>A name on one line.</summary>
    public static string Name(string text) => Clean(text, keep: null);

    private static string Clean(string text, char? keep) => string.Create(text.Length, (text, keep), static (target, source) =>
    {
        for (int i = 0; i < target.Length; i++)
        {
            char character = source.text[i];
            target[i] = character != source.keep && IsUnprintable(character) ? '\uFFFD' : character;
        }
    });

    private static bool IsUnprintable(char character) => char.GetUnicodeCategory(character)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}

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

/// <summary>One line at the foot of a terminal: how far the work is and how long it will take. It writes to standard error, steps
/// aside when results are printed on the same terminal, and is silent where there is no terminal.</summary>
internal sealed class ProgressLine(TextWriter error, int total, TimeProvider clock) : IDisposable
{
    private const int BarWidth = 24;
    private const string EraseLine = "\r\u001b[K";

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private readonly bool _isShown = error == Console.Error && !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
    private long _started;
    private long _drawn;
    private bool _isVisible;

    /// <summary>Says what is being done before the first result.</summary>
    public void Announce(string what)
    {
        if (_isShown)
        {
            error.Write($"{EraseLine}{what}");
            _isVisible = true;
        }
    }

    /// <summary>Starts the clock that the rate is measured by: loading is not part of it.</summary>
    public void Start() => _started = clock.GetTimestamp();

    /// <summary>Shows that so many are done; at most ten times a second unless the line was hidden meanwhile.</summary>
    public void Show(int done)
    {
        if (!_isShown || (_isVisible && clock.GetElapsedTime(_drawn) < s_interval && done < total))
        {
            return;
        }

        _drawn = clock.GetTimestamp();
        double seconds = clock.GetElapsedTime(_started).TotalSeconds;
        double rate = done / Math.Max(seconds, 1e-3);
        var left = TimeSpan.FromSeconds(Math.Min((total - done) / Math.Max(rate, 1e-3), 359_999));
        int filled = (int)((long)BarWidth * done / total);
        Announce(string.Create(
            CultureInfo.InvariantCulture,
            $"{new string('#', filled)}{new string('.', BarWidth - filled)} {done} of {total}, {rate:0.0}/s, {(int)left.TotalHours}:{left:mm\\:ss} left"));
    }

    /// <summary>Makes room for a line of output.</summary>
    public void Hide()
    {
        if (!Console.IsOutputRedirected)
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        if (_isVisible)
        {
            error.Write(EraseLine);
            _isVisible = false;
        }
    }
}

/// <summary>Files that commands write: UTF-8, as results in a pipe are.</summary>
internal static class ResultFile
{
    /// <summary>Makes the file of <c>--output</c>, or empties it.</summary>
    /// <param name="inputs">The images to be judged, none of which is ever written over.</param>
    /// <exception cref="IOException">It is one of the images, or can't be written.</exception>
    public static TextWriter Create(string path, IEnumerable<string> inputs)
    {
        if (inputs.Select(Path.GetFullPath).Contains(Path.GetFullPath(path), StringComparer.OrdinalIgnoreCase))
        {
            throw new IOException($"{path} is one of the images and was left as it is; name another file with --output.");
        }

        try
        {
            return new StreamWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: the results can't be written there. {exception.Message}", exception);
        }
    }

    /// <summary>Writes a file that must not be there yet.</summary>
    public static void WriteNew(string path, string text)
    {
        try
        {
            using var writer = new StreamWriter(new FileStream(path, FileMode.CreateNew));
            writer.Write(text);
        }
        catch (IOException)
        {
            ThrowIfThere(path);
            throw;
        }
    }

    /// <exception cref="IOException">Something is there.</exception>
    public static void ThrowIfThere(string path)
    {
        if (Path.Exists(path))
        {
            throw new IOException($"{path} exists already and was left as it is; name another file.");
        }
    }
}
