namespace SafeVision.Cli;

/// <summary>The files that a path on the command line stands for.</summary>
internal static class ImageFiles
{
    /// <summary>
    /// Extensions that make a file of a folder an image. Formats that are then refused are among them, so that they are
    /// reported rather than passed over.
    /// </summary>
    private static readonly HashSet<string> Extensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff",
        ".heic", ".heif", ".avif", ".jp2", ".jxl", ".svg", ".ico", ".psd",
    };

    /// <summary>Files as they are; folders as their images, in the order of their names.</summary>
    /// <returns>The files, and how many files of folders were passed over for want of an image's extension.</returns>
    /// <exception cref="FileNotFoundException">A path is neither.</exception>
    public static (IReadOnlyList<string> Files, int PassedOver) Expand(IEnumerable<string> paths, bool recursive)
    {
        var files = new List<string>();
        int passedOver = 0;
        foreach (string path in paths)
        {
            if (File.Exists(path))
            {
                files.Add(path);
            }
            else if (Directory.Exists(path))
            {
                var options = new EnumerationOptions { RecurseSubdirectories = recursive, AttributesToSkip = FileAttributes.System };
                string[] all = [.. Directory.EnumerateFiles(path, "*", options).Order(StringComparer.Ordinal)];
                string[] images = [.. all.Where(file => Extensions.Contains(Path.GetExtension(file)))];
                files.AddRange(images);
                passedOver += all.Length - images.Length;
            }
            else
            {
                throw new FileNotFoundException($"{path}: no such file or folder.");
            }
        }

        return (files, passedOver);
    }
}
