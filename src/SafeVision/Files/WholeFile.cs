namespace SafeVision.Files;

/// <summary>Writes files whole or not at all: beside their place, then over what is there. A reader never sees half of one, several
/// may write the same one at once, and a link in its place is replaced, never followed.</summary>
public static class WholeFile
{
    /// <summary>Writes a file.</summary>
    /// <param name="path">Where; the folder must be there.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The folder can't be written to; what was there stays.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string beside = Beside(path);
        FileStream stream = Create(beside);
        try
        {
            using (stream)
            {
                write(stream);
            }

            File.Move(beside, path, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }

    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    public static async Task WriteAsync(string path, Func<Stream, Task> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string beside = Beside(path);
        FileStream stream = Create(beside);
        try
        {
            await using (stream.ConfigureAwait(false))
            {
                await write(stream).ConfigureAwait(false);
            }

            File.Move(beside, path, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }

    /// <summary>Writes a file of text in UTF-8.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    public static void Write(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Whether a file has the name of one that a process left half-written when it was killed.</summary>
    /// <param name="path">Its path or name.</param>
    public static bool IsLeftover(string path) => Path.GetFileName(path) is ['.', ..] name && name.EndsWith(".tmp", StringComparison.Ordinal);

    private static string Beside(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Path.Combine(Path.GetDirectoryName(path) ?? "", $".{Path.GetRandomFileName()}.tmp");
    }

    private static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        }
        catch (DirectoryNotFoundException exception)
        {
            throw new DirectoryNotFoundException($"There is no folder '{Path.GetDirectoryName(path)}' to write into.", exception);
        }
    }
}
