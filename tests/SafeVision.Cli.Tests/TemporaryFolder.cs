namespace SafeVision.Cli.Tests;

/// <summary>A folder of a test's own, deleted afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("safevision-").FullName;

    /// <summary>The path of a file or folder in it, not made.</summary>
    public string At(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Writes a file, with the folders that it lies in.</summary>
    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        string path = At(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Writes a text file.</summary>
    public string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Copies one of the samples' photographs here.</summary>
    public string Photo(string sample, string name) => Write(name, File.ReadAllBytes(SafeVision.Tests.Repository.PathOf($"samples/images/{sample}")));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
