using System.IO.Enumeration;

namespace SafeVision.Cli;

/// <summary>The files that the paths on a command line stand for.</summary>
/// <param name="Paths">The images, in order.</param>
/// <param name="OtherFiles">How many files of folders are no images, by name and by content.</param>
/// <param name="Sidecars">How many files of folders are AppleDouble files: attributes that macOS keeps beside a file, under its ending.</param>
internal sealed record ImageFiles(IReadOnlyList<string> Paths, int OtherFiles, int Sidecars)
{
    public const string StandardInput = "-"; // stands for standard input

    /// <summary>Extensions that make a file of a folder an image. Formats that are then refused are among them, so that they are
    /// reported rather than passed over.</summary>
    private static readonly HashSet<string> s_extensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff",
        ".heic", ".heif", ".avif", ".jp2", ".jxl", ".svg", ".ico", ".psd",
    };

    /// <summary>What was not checked and why, for a person; null where all was.</summary>
    public string? PassedOver
    {
        get
        {
            string[] parts =
            [
                .. OtherFiles > 0 ? [$"{OtherFiles} {(OtherFiles == 1 ? "file is no image and was" : "files are no images and were")} not checked."] : Array.Empty<string>(),
                .. Sidecars > 0 ? [$"{Sidecars} {(Sidecars == 1 ? "file holds" : "files hold")} attributes that macOS keeps beside a file (AppleDouble), and no image; not checked."] : Array.Empty<string>(),
            ];
            return parts.Length > 0 ? string.Join('\n', parts) : null;
        }
    }

    /// <summary>Files as they are; folders as their images, in the order of their names; patterns as what they match.</summary>
    /// <exception cref="FileNotFoundException">A path is none of these, or there is no image at all.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder may not be read.</exception>
    public static ImageFiles Find(IReadOnlyList<string> paths, bool recursive)
    {
        var files = new List<string>();
        int others = 0, sidecars = 0;
        foreach (string path in paths)
        {
            if (path == StandardInput || File.Exists(path))
            {
                files.Add(path);
            }
            else if (Directory.Exists(path))
            {
                string[] all = [.. In(path, "*", recursive).Order(StringComparer.Ordinal)];
                ILookup<FileStart, string> kinds = all.ToLookup(file => FileStarts.Of(file, s_extensions.Contains(Path.GetExtension(file))));
                files.AddRange(kinds[FileStart.Image]);
                others += kinds[FileStart.Other].Count();
                sidecars += kinds[FileStart.Sidecar].Count();
            }
            else
            {
                files.AddRange(Matching(path));
            }
        }

        return files.Count > 0
            ? new ImageFiles(files, others, sidecars)
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

/// <summary>What a file of a folder is.</summary>
internal enum FileStart
{
    Image, // an image, or something that is called one and is judged so that it is reported
    Other, // something else
    Sidecar, // an AppleDouble file
}

/// <summary>Tells what a file is by its first bytes.</summary>
internal static class FileStarts
{
    private const int Longest = 12;

    public static FileStart Of(string path, bool isCalledImage)
    {
        try
        {
            ReadOnlySpan<byte> start = RegularFile.ReadStart(path, stackalloc byte[Longest]);
            return RegularFile.IsAppleDouble(start) ? FileStart.Sidecar : isCalledImage || Matches(start) ? FileStart.Image : FileStart.Other;
        }
        catch (FileRefusedException exception)
        {
            // What can't be read is judged, which then says so; a pipe or device only if it is called an image.
            return isCalledImage || exception.Reason != FileRefusalReason.NotRegular ? FileStart.Image : FileStart.Other;
        }
    }

    private static bool Matches(ReadOnlySpan<byte> start) =>
        start.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G'])
        || start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])
        || start.StartsWith("GIF8"u8)
        || start.StartsWith("BM"u8)
        || (start.StartsWith("RIFF"u8) && start.EndsWith("WEBP"u8))
        || start.StartsWith("II*\0"u8) || start.StartsWith("MM\0*"u8)
        || (start.Length >= 8 && start[4..].StartsWith("ftyp"u8));
}

/// <summary>Opens what a path stands for. Standard input can be read once only, so it is kept.</summary>
internal sealed class ImageSources
{
    private readonly Lazy<ImageSource> _standardInput = new(ReadStandardInput);

    public ImageSource Open(string path) => path == ImageFiles.StandardInput ? _standardInput.Value : ImageSource.FromFile(path);

    /// <summary>At most one byte more than the guardrail accepts, which it then refuses for its size.</summary>
    private static ImageSource ReadStandardInput()
    {
        using Stream input = Console.OpenStandardInput();
        using var bytes = new MemoryStream();
        long most = new ImageLimits().MaxBytes + 1;
        byte[] buffer = new byte[81920];
        for (int read; bytes.Length < most && (read = input.Read(buffer)) > 0;)
        {
            bytes.Write(buffer, 0, (int)Math.Min(read, most - bytes.Length));
        }

        return ImageSource.FromBytes(bytes.ToArray(), "standard input");
    }
}
