using System.Globalization;
using Spectre.Console;

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

    /// <summary>
    /// Text without the characters that steer a terminal or turn its direction: names of files come from strangers. Line
    /// breaks stay when they are the message's own, which a name's can't be told from, so callers clean names on their own.
    /// </summary>
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
