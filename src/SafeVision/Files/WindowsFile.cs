using System.Runtime.Versioning;

namespace SafeVision.Files;

/// <summary>Opens a regular file on Windows, and asks the open file what it is.</summary>
[SupportedOSPlatform("windows")]
internal static partial class WindowsFile
{
    private const int Disk = 1;

    /// <exception cref="FileRefusedException">It is a folder, a pipe or a device.</exception>
    public static SafeFileHandle Open(string path, FileOptions options)
    {
        // \\.\ names devices, among them whole disks, which say that they are files of a disk.
        if (Path.GetFullPath(path).StartsWith(@"\\.\", StringComparison.Ordinal))
        {
            throw NotRegular(path, "a device");
        }

        if (Directory.Exists(path))
        {
            throw NotRegular(path, "a folder");
        }

        SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, options);
        if (GetFileType(handle) != Disk)
        {
            handle.Dispose();
            throw NotRegular(path, "a pipe or a device");
        }

        return handle;
    }

    private static FileRefusedException NotRegular(string path, string kind) =>
        new(path, FileRefusalReason.NotRegular, $"is {kind}; only regular files are read");

    [LibraryImport("kernel32")]
    private static partial int GetFileType(SafeFileHandle file);
}
