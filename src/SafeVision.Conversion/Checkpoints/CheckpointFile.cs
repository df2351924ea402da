using System.Globalization;
using System.Text;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>
/// Opens the files of a checkpoint, which come from strangers. Whatever is no ordinary file with something in it is refused
/// before it is opened, links followed to their end: opening a pipe waits for its writer, for ever if need be.
/// </summary>
internal static class CheckpointFile
{
    private const int LongestPointer = 1024; // github.com/git-lfs/git-lfs, docs/spec.md
    private static readonly byte[] s_pointer = [.. "version https://git-lfs"u8];

    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">The file.</param>
    /// <param name="longest">The most bytes that it may have.</param>
    /// <exception cref="CheckpointException">It is missing, empty, no regular file, a Git LFS pointer, too long, or can't be opened.</exception>
    public static FileStream Open(string path, long longest = long.MaxValue) => Guard(path, () =>
    {
        if (Directory.Exists(path))
        {
            throw new CheckpointException($"{path}: is a folder where a file is expected.");
        }

        if (!File.Exists(path) || (File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path)) is not FileInfo { Exists: true } file)
        {
            throw new CheckpointException($"{path}: is missing.");
        }

        // Pipes, sockets and devices report no length.
        if (file.Length == 0)
        {
            throw new CheckpointException($"{path}: has no bytes: it is empty, or a pipe or device, which are not read.");
        }

        if (file.Length > longest)
        {
            throw new CheckpointException($"{path}: {file.Length} bytes are more than such a file may have ({longest}).");
        }

        var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            RefusePointer(path, stream);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    });

    /// <summary>All bytes of a file.</summary>
    /// <exception cref="CheckpointException">As for <see cref="Open"/>.</exception>
    public static byte[] ReadAllBytes(string path, int longest) => Guard(path, () =>
    {
        using FileStream stream = Open(path, longest);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    });

    /// <summary>Fails where a file could not be read, without reading it.</summary>
    /// <exception cref="CheckpointException">As for <see cref="Open"/>.</exception>
    public static void Check(string path, long longest) => Open(path, longest).Dispose();

    /// <summary>Does something that reads a file; what fails there says which.</summary>
    /// <exception cref="CheckpointException">It can't be read.</exception>
    public static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: can't be read. {exception.Message}", exception);
        }
    }

    private static void RefusePointer(string path, FileStream stream)
    {
        if (stream.Length > LongestPointer)
        {
            return;
        }

        byte[] start = new byte[stream.Length];
        stream.ReadExactly(start);
        stream.Position = 0;
        if (start.AsSpan().StartsWith(s_pointer))
        {
            string size = Encoding.UTF8.GetString(start).Split('\n').FirstOrDefault(line => line.StartsWith("size ", StringComparison.Ordinal)) is { } line
                && long.TryParse(line.AsSpan(5).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? $" of {bytes} bytes" : "";
            throw new CheckpointException($"{path}: is not the file{size} but a Git LFS pointer to it. Run 'git lfs pull' in the repository, or download the file itself.");
        }
    }
}
