namespace SafeVision.Evaluation;

/// <summary>Keeps a second process, or a second run in this one, out of a folder that is being written.</summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Takes a folder, which is made where it is missing. The lock ends with the process at the latest.</summary>
    /// <exception cref="EvaluationException">Somebody else has it.</exception>
    public static FolderLock Take(string folder, string name) => TryTake(folder, name)
        ?? throw new EvaluationException($"{folder}: another run is writing into this folder. Wait until it has ended, or name another folder.");

    /// <summary>The same; null where somebody else has it.</summary>
    public static FolderLock? TryTake(string folder, string name)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name);
        try
        {
            return new FolderLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose));
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();
}
