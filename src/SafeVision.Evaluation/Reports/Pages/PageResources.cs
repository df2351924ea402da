using System.Security.Cryptography;
using System.Text;

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>The page's style sheet and script, and their hashes: the page's policy lets these two in and nothing else.</summary>
internal static class PageResources
{
    public static string Style { get; } = Read("report.css");

    public static string Script { get; } = Read("report.js");

    /// <summary>No connection, no frame, no form, no outside file; pictures only as data; the style and script above.</summary>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; img-src data:; style-src '{Hash(Style)}'; script-src '{Hash(Script)}'; base-uri 'none'; form-action 'none'";

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    private static string Read(string name)
    {
        using Stream stream = typeof(PageResources).Assembly.GetManifestResourceStream($"SafeVision.Evaluation.Reports.Pages.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
