namespace SafeVision.Evaluation.Datasets;

/// <summary>Files that a dataset names: inside its folder or not at all, and really the files that they are called.</summary>
internal static class DatasetPaths
{
    /// <summary>The full path of a file that a dataset names.</summary>
    /// <exception cref="DatasetException">The path is empty, absolute, or leads out of the folder, by itself or through a link.</exception>
    public static string Resolve(string folder, string path)
    {
        if (path.Length == 0 || path.Contains('\0') || path.Contains('\\') || Path.IsPathRooted(path) || path.Split('/').Contains(".."))
        {
            throw new DatasetException($"The dataset names the file '{path}'. Paths are relative to the dataset's folder, with / between their parts and without '..'.");
        }

        string root = Path.GetFullPath(folder);
        string full = root;
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            full = Path.Combine(full, part);
            if (new FileInfo(full).LinkTarget is not null)
            {
                throw new DatasetException($"'{path}' is a link. A dataset holds files, so that it cannot name those of others.");
            }
        }

        return full;
    }

    /// <summary>The bytes of a regular file, through links to it; 0 for an empty one, a pipe or a device, which opening could wait for without end.</summary>
    /// <exception cref="IOException">Links lead in a circle, or to nothing.</exception>
    public static long LengthOf(string path)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
        {
            file = target;
        }

        return file.Length;
    }

    /// <summary>What stands in the place of a file, to be said after "it is"; null where it is the file itself. The stream is at its start afterwards.</summary>
    public static string? StandIn(Stream stream)
    {
        Span<byte> head = stackalloc byte[23];
        head = head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        stream.Position = 0;
        return head switch
        {
            _ when head.SequenceEqual("version https://git-lfs"u8) => "a Git LFS pointer and not the file itself; 'git lfs pull' in its repository brings the file",
            [0x00, 0x05, 0x16, 0x07, ..] => "what macOS writes beside a file (AppleDouble) and not the file itself, which is called the same without '._'",
            _ => null,
        };
    }
}
