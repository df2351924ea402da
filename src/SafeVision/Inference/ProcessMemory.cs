using System.Runtime.InteropServices;

namespace SafeVision.Inference;

/// <summary>Native memory that was freed and that the process still holds.</summary>
internal static partial class ProcessMemory
{
    /// <summary>
    /// Gives freed native memory back to the system. Loading a model frees several times the model's size, and glibc keeps it.
    /// Other C libraries, and Windows, give it back by themselves.
    /// </summary>
    public static void GiveBack()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = Trim(0);
        }
        catch (Exception exception) when (exception is EntryPointNotFoundException or DllNotFoundException)
        {
            // musl has no such call and keeps little
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Trim(nint keep);
}
