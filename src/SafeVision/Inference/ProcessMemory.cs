namespace SafeVision.Inference;

/// <summary>Native memory that was freed and that the process still holds.</summary>
internal static partial class ProcessMemory
{
    /// <summary>Gives freed native memory back to the system. Loading a model frees several times the model's size, and
    /// glibc keeps it. Other C libraries, and Windows, give it back by themselves.</summary>
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

    /// <summary>Says that a resource of an assembly was read and is not needed soon, so that the pages of the file that
    /// it was read from need not stay resident. They are read again where they are needed again.</summary>
    public static unsafe void LetGo(Stream resource)
    {
        if (!OperatingSystem.IsLinux() || resource is not UnmanagedMemoryStream mapped || mapped.Length == 0)
        {
            return;
        }

        mapped.Position = 0;
        nint page = System.Environment.SystemPageSize;
        nint start = (nint)mapped.PositionPointer & ~(page - 1);
        _ = Advise(start, (nint)mapped.PositionPointer + (nint)mapped.Length - start, PageOut); // older systems refuse, which does no harm
    }

    private const int PageOut = 21; // MADV_PAGEOUT, which never loses what a page holds

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint start, nint length, int advice);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Trim(nint keep);
}
