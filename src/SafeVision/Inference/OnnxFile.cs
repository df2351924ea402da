namespace SafeVision.Inference;

/// <summary>An ONNX file on disk together with the files in which it keeps weights; found and checked, not loaded. Thread-safe.</summary>
public sealed class OnnxFile
{
    private readonly IReadOnlyList<FileStamp> _stamps; // the .onnx file first
    private readonly Lazy<Task<string>> _hash;

    private OnnxFile(string path, OnnxHeader header, IReadOnlyList<FileStamp> stamps)
    {
        (Path, Header, _stamps) = (path, header, stamps);
        _hash = new Lazy<Task<string>>(() => Task.Run(Hash));
    }

    /// <summary>The full path.</summary>
    public string Path { get; }

    /// <summary>The file's name, for errors and provenance.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>What the file says about itself.</summary>
    public OnnxHeader Header { get; }

    /// <summary>Bytes of the file and its weights together.</summary>
    public long Bytes => _stamps.Sum(file => file.Length);

    /// <summary>The SHA-256 of the file and the files of its weights, one after the other in the order of their names,
    /// lower-case hex: <c>cat x.onnx x.onnx_data | sha256sum</c>. Computed once, in the background, from the first call
    /// on.</summary>
    /// <exception cref="ModelLoadException">A file changed since it was found, or can't be read.</exception>
    public Task<string> HashAsync() => _hash.Value;

    /// <summary>The file as the session cache loads it. Who it is follows from paths, lengths and times: hashing takes too long to wait for.</summary>
    internal ModelImage Image(string name) => new()
    {
        Name = name,
        Identity = string.Join('|', _stamps.Select(file => $"{file.Path}:{file.Length}:{file.Time.Ticks}")),
        Path = Path,
        HasVaryingShapes = true,
    };

    /// <summary>Reads a file's header and finds the files of its weights.</summary>
    /// <exception cref="ModelLoadException">One is missing, too short, lies elsewhere, or is no ONNX model.</exception>
    public static OnnxFile Open(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        OnnxHeader header = OnnxHeader.Read(full);
        List<FileStamp> stamps = [FileStamp.Of(new FileInfo(full))];
        stamps.AddRange(header.ExternalFiles.OrderBy(file => file.Location, StringComparer.Ordinal).Select(file => Weights(stamps[0], file)));
        return new OnnxFile(full, header, stamps);
    }

    private static FileStamp Weights(FileStamp model, OnnxExternalFile wanted)
    {
        string name = wanted.Location;
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().IndexOfAny("/\\:") >= 0)
        {
            throw new ModelLoadException(
                $"{model.Path}: keeps weights in '{name}', which is no plain file name; a model may only name files beside it. Save it again with its weights in one file beside it, or don't use it.");
        }

        string folder = System.IO.Path.GetDirectoryName(model.Path)!;
        var file = new FileInfo(System.IO.Path.Combine(folder, name));
        if (!file.Exists)
        {
            throw new ModelLoadException(
                $"{file.FullName}: is missing; {System.IO.Path.GetFileName(model.Path)} keeps weights in it. Copy or download it to the same folder, under the same name.");
        }

        // ONNX Runtime resolves links too, and refuses weights that then lie in another folder than the model.
        FileStamp stamp = FileStamp.Of(file);
        if (System.IO.Path.GetDirectoryName(stamp.Target) != System.IO.Path.GetDirectoryName(model.Target))
        {
            throw new ModelLoadException(
                $"{file.FullName}: is a link to {stamp.Target}, in another folder than {System.IO.Path.GetFileName(model.Path)} really lies in. Put both files themselves into one folder.");
        }

        return stamp.Length >= wanted.Bytes && stamp.Length > 0
            ? stamp
            : throw new ModelLoadException(
                $"{file.FullName}: has {stamp.Length} bytes, but {System.IO.Path.GetFileName(model.Path)} needs {wanted.Bytes} of it. The download is incomplete, a Git LFS pointer stands in its place, or the file belongs to another model.");
    }

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 16];
        foreach (FileStamp stamp in _stamps)
        {
            try
            {
                using FileStream stream = RegularFile.Open(stamp.Path, stamp.Length, FileOptions.SequentialScan);
                for (int read; (read = stream.Read(buffer)) > 0;)
                {
                    hash.AppendData(buffer.AsSpan(0, read));
                }

                if (FileStamp.Of(new FileInfo(stamp.Path)) != stamp)
                {
                    throw new ModelLoadException($"{stamp.Path}: changed while it was in use, so what was loaded is not known. Replace models as whole folders and load them anew.");
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new ModelLoadException($"{stamp.Path}: can't be read. {exception.Message}", exception);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A file at one point in time; the target is the file itself where it is a link.</summary>
    private sealed record FileStamp(string Path, string Target, long Length, DateTime Time)
    {
        public static FileStamp Of(FileInfo file)
        {
            try
            {
                string target = file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName;
                var real = new FileInfo(target);
                return new FileStamp(file.FullName, target, real.Length, real.LastWriteTimeUtc);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new ModelLoadException($"{file.FullName}: can't be looked up. {exception.Message}", exception);
            }
        }
    }
}
