using System.IO.Enumeration;

namespace SafeVision.Cli;

/// <summary>The files that the paths on a command line stand for.</summary>
/// <param name="Paths">The images, in order.</param>
/// <param name="PassedOver">How many files of folders are no images, by name and by content.</param>
internal sealed record ImageFiles(IReadOnlyList<string> Paths, int PassedOver)
{
    /// <summary>Stands for standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>
    /// Extensions that make a file of a folder an image. Formats that are then refused are among them, so that they are
    /// reported rather than passed over.
    /// </summary>
    private static readonly HashSet<string> s_extensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff",
        ".heic", ".heif", ".avif", ".jp2", ".jxl", ".svg", ".ico", ".psd",
    };

    /// <summary>Files as they are; folders as their images, in the order of their names; patterns as what they match.</summary>
    /// <exception cref="FileNotFoundException">A path is none of these, or there is no image at all.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder may not be read.</exception>
    public static ImageFiles Find(IReadOnlyList<string> paths, bool recursive)
    {
        var files = new List<string>();
        int passedOver = 0;
        foreach (string path in paths)
        {
            if (path == StandardInput || File.Exists(path))
            {
                files.Add(path);
            }
            else if (Directory.Exists(path))
            {
                string[] all = [.. In(path, "*", recursive).Order(StringComparer.Ordinal)];
                string[] images = [.. all.Where(file => s_extensions.Contains(Path.GetExtension(file)) || ImageSignature.IsIn(file))];
                files.AddRange(images);
                passedOver += all.Length - images.Length;
            }
            else
            {
                files.AddRange(Matching(path));
            }
        }

        return files.Count > 0
            ? new ImageFiles(files, passedOver)
            : throw new FileNotFoundException($"There is no image in {string.Join(", ", paths)}{(recursive ? "" : "; --recursive looks into folders of folders")}.");
    }

    /// <summary>For shells that leave patterns to the program, as those of Windows do.</summary>
    private static string[] Matching(string path)
    {
        string pattern = Path.GetFileName(path);
        string folder = Path.GetDirectoryName(path) is { Length: > 0 } named ? named : ".";
        string[] matches = pattern.AsSpan().ContainsAny('*', '?') && Directory.Exists(folder)
            ? [.. In(folder, pattern, recursive: false).Order(StringComparer.Ordinal)]
            : [];
        return matches.Length > 0 ? matches : throw new FileNotFoundException($"{path}: no such file or folder.");
    }

    /// <summary>Hidden files too, but nothing behind a link to a folder, which may lead in a circle or out of the tree.</summary>
    private static FileSystemEnumerable<string> In(string folder, string pattern, bool recursive) => new(
        folder,
        (ref entry) => entry.ToSpecifiedFullPath(),
        new EnumerationOptions { RecurseSubdirectories = recursive, AttributesToSkip = 0, IgnoreInaccessible = false })
    {
        ShouldIncludePredicate = (ref entry) => !entry.IsDirectory && FileSystemName.MatchesSimpleExpression(pattern, entry.FileName, ignoreCase: OperatingSystem.IsWindows()),
        ShouldRecursePredicate = (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
    };
}
