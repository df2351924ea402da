namespace SafeVision.Files;

/// <summary>Opens a regular file on Linux and macOS without waiting, and asks the open file what it is.</summary>
internal static unsafe partial class UnixFile
{
    private const int FollowLinks = 0, EmptyPath = 0x1000, CurrentFolder = -100, StatusType = 1;
    private const int NoEntry = 2, Interrupted = 4, NoDevice = 6, NotAFolder = 20;

    private static bool IsMac => OperatingSystem.IsMacOS() || OperatingSystem.IsIOS() || OperatingSystem.IsMacCatalyst() || OperatingSystem.IsTvOS();

    /// <exception cref="FileRefusedException">It can't be opened, or is no regular file.</exception>
    public static SafeFileHandle Open(string path)
    {
        string full = Path.GetFullPath(path);

        // Opening some devices has an effect, so what can be seen to be one is not opened. The check that counts comes after.
        if (!IsMac)
        {
            Require(path, Mode(CurrentFolder, full, FollowLinks, out int error) ?? throw Refused(path, full, error));
        }

        // Not to wait for a pipe's writer, not for a child process, not as a terminal.
        int flags = IsMac ? 0x4 | 0x1000000 | 0x20000 : 0x800 | 0x80000 | 0x100;
        int descriptor;
        int lastError = 0;
        do
        {
            descriptor = NativeOpen(full, flags);
            lastError = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (lastError == Interrupted);

        if (descriptor < 0)
        {
            throw Refused(path, full, lastError);
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            Require(path, Mode(descriptor, "", EmptyPath, out int error) ?? throw Refused(path, full, error));
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void Require(string path, int mode)
    {
        string? kind = (mode & 0xF000) switch
        {
            0x8000 => null,
            0x1000 => "a named pipe",
            0x2000 or 0x6000 => "a device",
            0x4000 => "a folder",
            0xC000 => "a socket",
            _ => "no file",
        };
        if (kind is not null)
        {
            throw new FileRefusedException(path, FileRefusalReason.NotRegular, $"is {(IsLink(path) ? $"a link to {kind}" : kind)}; only regular files are read");
        }
    }

    private static FileRefusedException Refused(string path, string full, int error) => error switch
    {
        NoEntry or NotAFolder when IsLink(full) => new(path, FileRefusalReason.Missing, "is a link to a file that is not there"),
        NoEntry or NotAFolder => new(path, FileRefusalReason.Missing, "is not there"),
        NoDevice => new(path, FileRefusalReason.NotRegular, "is a socket or a device that is not there; only regular files are read"),
        _ when error == (IsMac ? 62 : 40) => new(path, FileRefusalReason.Unreadable, "is a link that leads back to itself"),
        1 or 13 => new(path, FileRefusalReason.Unreadable, "may not be read: access is denied"),
        _ => new(path, FileRefusalReason.Unreadable, $"can't be read: {Marshal.GetPInvokeErrorMessage(error)}"),
    };

    private static bool IsLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget is not null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The kind and rights of a file, as <c>stat</c> has them; null and the error where it can't be asked.</summary>
    private static int? Mode(int descriptor, string path, int flags, out int error)
    {
        byte* status = stackalloc byte[256];
        bool isKnown = (IsMac ? MacStatus(descriptor, status) : LinuxStatus(descriptor, path, flags, StatusType, status)) == 0;
        error = isKnown ? 0 : Marshal.GetLastPInvokeError();
        return isKnown ? *(ushort*)(status + (IsMac ? 4 : 28)) : null;
    }

    private static int MacStatus(int descriptor, byte* status) =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? NativeMacStatus64(descriptor, status) : NativeMacStatus(descriptor, status);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeOpen(string path, int flags);

    // struct statx is the same on every processor: the mode is its 16 bits at offset 28.
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinuxStatus(int folder, string path, int flags, uint mask, byte* status);

    // struct stat of macOS with 64-bit file numbers: the mode is its 16 bits at offset 4.
    [LibraryImport("libc", EntryPoint = "fstat", SetLastError = true)]
    private static partial int NativeMacStatus(int descriptor, byte* status);

    [LibraryImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static partial int NativeMacStatus64(int descriptor, byte* status);
}
