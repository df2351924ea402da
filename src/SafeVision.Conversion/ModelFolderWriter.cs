namespace SafeVision.Conversion;

/// <summary>A model's folder in the making, beside the place where it will be. It takes that place in one step when everything is
/// written and checked; until then, and whatever interrupts the work, an older model there stays as it is.</summary>
internal sealed class ModelFolderWriter : IDisposable
{
    private readonly Dictionary<string, string> _hashes = new(StringComparer.Ordinal);
    private readonly string _destination;
    private readonly FileStream _lock;

    /// <exception cref="CheckpointException">The place is taken by something else, or another conversion writes there.</exception>
    public ModelFolderWriter(string destination)
    {
        _destination = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(destination));
        if (File.Exists(_destination) || (Directory.Exists(_destination) && Directory.EnumerateFileSystemEntries(_destination).Any() && !File.Exists(System.IO.Path.Combine(_destination, ModelManifest.FileName))))
        {
            throw new CheckpointException($"{_destination}: is not empty and no model's folder, so it is left alone; name another folder, or empty it.");
        }

        string parent = System.IO.Path.GetDirectoryName(_destination) ?? throw new CheckpointException($"{_destination}: a model can't be written to the root of a file system.");
        Directory.CreateDirectory(parent);
        string hidden = System.IO.Path.Combine(parent, $".{System.IO.Path.GetFileName(_destination)}");
        try
        {
            _lock = new FileStream($"{hidden}.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException exception)
        {
            throw new CheckpointException($"{_destination}: another conversion seems to write there ({exception.Message}).", exception);
        }

        Path = $"{hidden}.partial";
        Remove(Path); // what an interrupted process left
        Directory.CreateDirectory(Path);
    }

    /// <summary>Where the files are written meanwhile.</summary>
    public string Path { get; }

    /// <summary>Copies a file under a name, and returns its hash in lower-case hex.</summary>
    /// <exception cref="CheckpointException">It can't be copied.</exception>
    public string Copy(string source, string name)
    {
        string target = System.IO.Path.Combine(Path, name);
        try
        {
            CheckpointFile.Check(source, long.MaxValue);
            File.Copy(source, target);
            File.SetAttributes(target, FileAttributes.Normal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{source}: can't be copied as {name}. {exception.Message}", exception);
        }

        return HashOf(name);
    }

    /// <summary>Writes a small file, and returns its hash in lower-case hex.</summary>
    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        File.WriteAllBytes(System.IO.Path.Combine(Path, name), bytes);
        return HashOf(name);
    }

    /// <summary>Takes the hash of a file from who wrote it, so that a large one need not be read again.</summary>
    public void Know(string name, string sha256) => _hashes[name] = sha256;

    /// <summary>The hash of a file that was written, in lower-case hex.</summary>
    public string HashOf(string name)
    {
        if (_hashes.TryGetValue(name, out string? known))
        {
            return known;
        }

        using FileStream stream = File.OpenRead(System.IO.Path.Combine(Path, name));
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Puts the folder in its place.</summary>
    public void Complete()
    {
        string old = System.IO.Path.ChangeExtension(Path, ".old");
        Remove(old);
        if (Directory.Exists(_destination))
        {
            Directory.Move(_destination, old);
        }

        Directory.Move(Path, _destination);
        Remove(old);
    }

    public void Dispose()
    {
        Remove(Path);
        _lock.Dispose();
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
