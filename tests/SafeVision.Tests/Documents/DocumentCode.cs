using System.Text.RegularExpressions;

namespace SafeVision.Tests.Documents;

/// <summary>The code blocks of a document, and the regions of a source file that they must equal.</summary>
internal static partial class DocumentCode
{
    public static string[] Shown(string document, string language) =>
        [.. Blocks().Matches(Repository.Read(document)).Where(block => block.Groups[1].Value == language).Select(block => Lines(block.Groups[2].Value))];

    public static string[] Compiled(string source) => [.. Regions().Matches(Repository.Read(source)).Select(region => Lines(region.Groups[1].Value))];

    // Without the indentation that all lines share.
    private static string Lines(string code)
    {
        string[] lines = [.. code.Split('\n').Where(line => line.Trim().Length > 0)];
        int indentation = lines.Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line[indentation..].TrimEnd()));
    }

    [GeneratedRegex("```([a-z]+)\r?\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("""#region [a-z]+\r?\n(.*?)\n *#endregion""", RegexOptions.Singleline)]
    private static partial Regex Regions();
}
