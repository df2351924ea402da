namespace SafeVision.Files;

/// <summary>Opens files that a stranger may have put there: only regular files, after resolving links, and never more bytes than
/// the caller allows. Nothing here waits: a named pipe, a socket, a device or a folder is refused at once, and so is a link to one.
/// What was checked is what is read, because the open file is examined, not its path. Thread-safe.</summary>
public static class RegularFile
{
    private const int LongestPointer = 1024; // Git LFS itself takes nothing longer for a pointer

    /// <summary>Opens a regular file for reading, from its first byte.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <param name="maxBytes">The most bytes that the file may have, as its length says, so that a sparse file is refused before it is read.</param>
    /// <param name="options">How the file will be read; only hints.</param>
    /// <exception cref="FileRefusedException">It is missing, empty, not a regular file, longer than allowed, a Git LFS pointer, or can't be read.</exception>
    public static FileStream Open(string path, long maxBytes, FileOptions options = FileOptions.None)
    {
        SafeFileHandle handle = OpenHandle(path, maxBytes, options);
        try
        {
            return new FileStream(handle, FileAccess.Read, bufferSize: 1);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Opens a regular file, for a caller that maps it or reads it at offsets.</summary>
    /// <inheritdoc cref="Open"/>
    public static SafeFileHandle OpenHandle(string path, long maxBytes, FileOptions options = FileOptions.None)
    {
        SafeFileHandle handle = OpenAny(path, maxBytes, options, out long length);
        if (length > 0)
        {
            return handle;
        }

        handle.Dispose();
        throw new FileRefusedException(path, FileRefusalReason.Empty, "is empty: it has 0 bytes");
    }

    /// <summary>Reads a regular file whole; an empty one too.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <param name="maxBytes">The most bytes that are read; at most what an array holds.</param>
    /// <exception cref="FileRefusedException">It is missing, not a regular file, longer than allowed, a Git LFS pointer, or can't be read.</exception>
    public static byte[] ReadAllBytes(string path, int maxBytes)
    {
        using SafeFileHandle handle = OpenAny(path, maxBytes, FileOptions.None, out long length);
        byte[] bytes = new byte[length];
        try
        {
            int read = 0;
            for (int count; read < bytes.Length && (count = RandomAccess.Read(handle, bytes.AsSpan(read), read)) > 0;)
            {
                read += count;
            }

            return read == bytes.Length ? bytes : bytes[..read];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new FileRefusedException(path, FileRefusalReason.Unreadable, $"can't be read: {exception.Message}", exception);
        }
    }

    /// <summary>Whether these first bytes are those of a Git LFS pointer: a short text in the place of the file that it stands for.</summary>
    public static bool IsGitLfsPointer(ReadOnlySpan<byte> start) =>
        start.StartsWith("version https://git-lfs.github.com/spec/"u8) || start.StartsWith("version https://hawser.github.com/spec/"u8);

    /// <summary>Whether these first bytes are those of an AppleDouble file, in which macOS keeps the attributes of a file on a disk
    /// that has no room for them: <c>._x.jpg</c> beside <c>x.jpg</c>, with the same ending and without its content.</summary>
    public static bool IsAppleDouble(ReadOnlySpan<byte> start) => start.StartsWith((ReadOnlySpan<byte>)[0x00, 0x05, 0x16, 0x07]);

    /// <summary>The first bytes of a regular file, as many as there are up to the length of <paramref name="start"/>.</summary>
    /// <exception cref="FileRefusedException">It is missing, not a regular file, or can't be read.</exception>
    public static ReadOnlySpan<byte> ReadStart(string path, Span<byte> start)
    {
        using SafeFileHandle handle = OpenUnread(path, FileOptions.None, out long length);
        return start[..(length > 0 ? Read(handle, path, start) : 0)];
    }

    private static SafeFileHandle OpenAny(string path, long maxBytes, FileOptions options, out long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxBytes);
        SafeFileHandle handle = OpenUnread(path, options, out length);
        try
        {
            if (length > maxBytes)
            {
                throw new FileRefusedException(path, FileRefusalReason.TooLarge, $"has {length} bytes; at most {maxBytes} are read");
            }

            // A file of the kernel's without a length may wait when it is read, so what has none is not read.
            Span<byte> start = stackalloc byte[48];
            if (length is > 0 and <= LongestPointer && IsGitLfsPointer(start[..Read(handle, path, start)]))
            {
                throw new FileRefusedException(
                    path, FileRefusalReason.GitLfsPointer, "is not the file but a Git LFS pointer to it. Run 'git lfs pull' in the repository, or download the file itself");
            }

            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static SafeFileHandle OpenUnread(string path, FileOptions options, out long length)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new FileRefusedException(path, FileRefusalReason.Unreadable, "has a zero character in its path");
        }

        SafeFileHandle? handle = null;
        try
        {
            handle = OperatingSystem.IsWindows() ? WindowsFile.Open(path, options) : UnixFile.Open(path);
            length = RandomAccess.GetLength(handle);
            return handle;
        }
        catch (Exception exception) when (exception is not FileRefusedException and (IOException or UnauthorizedAccessException or NotSupportedException))
        {
            handle?.Dispose();
            (FileRefusalReason reason, string detail) = exception switch
            {
                FileNotFoundException or DirectoryNotFoundException => (FileRefusalReason.Missing, "is not there"),
                NotSupportedException => (FileRefusalReason.NotRegular, "has no length: it is a pipe or a device, and only regular files are read"),
                UnauthorizedAccessException => (FileRefusalReason.Unreadable, "may not be read: access is denied"),
                _ => (FileRefusalReason.Unreadable, $"can't be read: {exception.Message}"),
            };
            throw new FileRefusedException(path, reason, detail, exception);
        }
    }

    private static int Read(SafeFileHandle handle, string path, Span<byte> start)
    {
        try
        {
            return RandomAccess.Read(handle, start, 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new FileRefusedException(path, FileRefusalReason.Unreadable, $"can't be read: {exception.Message}", exception);
        }
    }
}

/// <summary>Why a file was refused.</summary>
public enum FileRefusalReason
{
    /// <summary>There is no such file, or a link leads to none.</summary>
    Missing,

    /// <summary>It is a folder, a named pipe, a socket or a device, or a link to one.</summary>
    NotRegular,

    /// <summary>It has no bytes.</summary>
    Empty,

    /// <summary>It has more bytes than the caller allows.</summary>
    TooLarge,

    /// <summary>A Git LFS pointer stands in its place: <c>git lfs pull</c> brings the file.</summary>
    GitLfsPointer,

    /// <summary>Access is denied, or the disk reports an error.</summary>
    Unreadable,
}

/// <summary>A file that was not opened. The message names the file without its folder, which an end user need not learn.</summary>
/// <param name="path">The file as the caller gave it.</param>
/// <param name="reason">The kind of reason.</param>
/// <param name="detail">What follows the file's name in the message, without a full stop: <c>is a named pipe</c>.</param>
/// <param name="innerException">The system's error, if there is one.</param>
public sealed class FileRefusedException(string path, FileRefusalReason reason, string detail, Exception? innerException = null)
    : IOException($"'{(System.IO.Path.GetFileName(path) is { Length: > 0 } name ? name : path)}' {detail}.", innerException)
{
    /// <summary>The file as the caller gave it.</summary>
    public string Path => path;

    /// <summary>The kind of reason.</summary>
    public FileRefusalReason Reason => reason;
}
