using System.Text.RegularExpressions;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests.Documents;

public sealed partial class LinksTests
{
    [Fact]
    public void Relative_links_of_all_documents_lead_somewhere()
    {
        var broken = new List<string>();
        int links = 0;
        foreach (string document in Documents())
        {
            string text = Fence.Replace(File.ReadAllText(document), "");
            foreach (Match link in Link.Matches(text))
            {
                string target = link.Groups[1].Value;
                if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal))
                {
                    continue;
                }

                links++;
                string[] parts = target.Split('#', 2);
                string file = parts[0].Length == 0 ? document : Path.GetFullPath(parts[0], Path.GetDirectoryName(document)!);
                if (!Path.Exists(file) || (parts.Length == 2 && file.EndsWith(".md", StringComparison.Ordinal) && !HasHeading(file, parts[1])))
                {
                    broken.Add($"{Path.GetRelativePath(Repository.PathOf(""), document)}: {target}");
                }
            }
        }

        Assert.Empty(broken);
        Assert.True(links > 20, $"Only {links} links were found.");
    }

    private static IEnumerable<string> Documents() => Directory
        .EnumerateFiles(Repository.PathOf(""), "*.md", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Where(file => !Path.GetRelativePath(Repository.PathOf(""), file).Split(Path.DirectorySeparatorChar).Any(folder => folder is "bin" or "obj" or "node_modules" or "artifacts" or ".git"));

    private static bool HasHeading(string file, string anchor) => Heading.Matches(File.ReadAllText(file)).Any(heading => Anchor(heading.Groups[1].Value) == anchor);

    /// <summary>As GitHub makes one of a heading.</summary>
    private static string Anchor(string heading) =>
        new([.. heading.Trim().ToLowerInvariant().Where(character => char.IsLetterOrDigit(character) || character is ' ' or '-' or '_').Select(character => character == ' ' ? '-' : character)]);

    [GeneratedRegex(@"!?\[[^\]]*\]\(([^)\s]+)\)")]
    private static partial Regex Link { get; }

    [GeneratedRegex(@"^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading { get; }

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence { get; }
}
