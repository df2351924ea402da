namespace SafeVision.Models;

/// <summary>A model's manifest together with its folder; files are handed out only after their hash was checked.</summary>
public sealed class ModelPackage
{
    private const string WeightsSuffix = "_data"; // of the file beside a graph that holds its weights

    private const long LargestWeights = 1L << 40;

    private static readonly long s_largestFile = Array.MaxLength;

    private ModelPackage(ModelFolder folder, ModelManifest manifest) => (Folder, Manifest) = (folder, manifest);

    /// <summary>Where the files are.</summary>
    public ModelFolder Folder { get; }

    /// <summary>What they are.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>Opens a model's folder and reads its manifest; the model itself is loaded when it is first needed.</summary>
    /// <exception cref="ModelLoadException">The manifest is missing or invalid.</exception>
    public static ModelPackage Open(ModelFolder folder) => new(folder, ModelManifest.Read(folder));

    /// <summary>Opens a model's folder on disk.</summary>
    /// <exception cref="ModelLoadException">The manifest is missing or invalid.</exception>
    public static ModelPackage Open(string path) => Open(ModelFolder.OnDisk(path));

    /// <summary>Checks every file against its hash.</summary>
    /// <exception cref="ModelLoadException">A file is missing or altered; the message names it and both hashes.</exception>
    public void Verify()
    {
        Verify(Manifest.File, Manifest.Sha256);
        foreach ((string file, string hash) in Manifest.Files)
        {
            Verify(file, hash);
        }
    }

    private void Verify(string file, string expected)
    {
        // A vision-language model's graphs lie in a subfolder, and its weights may be larger than any array.
        using Stream stream = Manifest.Kind == "visionLanguage" ? Folder.OpenGraph(file) : Folder.OpenRead(file);
        long most = file == Manifest.File && Manifest.Bytes > 0 ? Manifest.Bytes : Manifest.Kind == "visionLanguage" ? LargestWeights : s_largestFile;
        if (stream.Length > most)
        {
            throw new ModelLoadException(
                $"{Folder.Description}: '{file}' is not the file that the manifest describes: it has {stream.Length} bytes, and at most {most} are expected. Copy it again, or make it again with 'safevision convert'.");
        }

        try
        {
            string actual = Convert.ToHexStringLower(SHA256.HashData(stream));
            ProcessMemory.LetGo(stream);
            if (actual != expected)
            {
                throw Altered(file, actual, expected);
            }
        }
        catch (IOException exception)
        {
            throw new ModelLoadException($"{Folder.Description}: '{file}' can't be read. {exception.Message}", exception);
        }
    }

    /// <summary>Reads a file that the manifest names and checks its hash.</summary>
    /// <exception cref="ModelLoadException">It is missing, altered, or not named by the manifest.</exception>
    internal byte[] ReadVerified(string file)
    {
        string expected = HashOf(file);
        using Stream stream = Folder.OpenRead(file);
        if (stream.Length > s_largestFile)
        {
            throw new ModelLoadException($"{Folder.Description}: '{file}' has {stream.Length} bytes, more than {s_largestFile}.");
        }

        byte[] bytes = new byte[stream.Length];
        try
        {
            stream.ReadExactly(bytes);
            ProcessMemory.LetGo(stream);
        }
        catch (IOException exception)
        {
            throw new ModelLoadException($"{Folder.Description}: '{file}' can't be read. {exception.Message}", exception);
        }

        string actual = Convert.ToHexStringLower(SHA256.HashData(bytes));
        return actual == expected
            ? bytes
            : throw Altered(file, actual, expected);
    }

    private ModelLoadException Altered(string file, string actual, string expected) => new(
        $"{Folder.Description}: '{file}' is not the file that the manifest describes (sha256 {actual}, expected {expected}). Copy it again, or make it again with 'safevision convert'.");

    internal bool Has(string file) => Manifest.Files.ContainsKey(file);

    internal ModelImage Image(Func<InferenceSession, float[]>? probe) => Image(Manifest.File, probe);

    /// <summary>One of the model's graphs, which is checked against its hash when it is loaded, and so are its weights where they lie beside it.</summary>
    /// <exception cref="ModelLoadException">The manifest does not name it, or its weights lie beside it in an assembly.</exception>
    internal ModelImage Image(string file, Func<InferenceSession, float[]>? probe)
    {
        string hash = HashOf(file), weights = file + WeightsSuffix;
        if (!Has(weights))
        {
            return new ModelImage { Name = Manifest.Id, Identity = hash, Bytes = () => ReadVerified(file), Check = () => Verify(file, hash), Probe = probe };
        }

        return new ModelImage
        {
            Name = Manifest.Id,
            Identity = $"{hash} {HashOf(weights)}",
            Path = Folder.PathOf(file) ?? throw new ModelLoadException($"{Folder.Description}: '{weights}' can only be read from a folder on disk."),
            Check = () =>
            {
                Verify(file, hash);
                Verify(weights, HashOf(weights));
            },
            Probe = probe,
        };
    }

    private string HashOf(string file) => (file == Manifest.File ? Manifest.Sha256 : Manifest.Files.GetValueOrDefault(file))
        ?? throw new ModelLoadException($"{Folder.Description}: the manifest gives no hash for '{file}'.");
}
