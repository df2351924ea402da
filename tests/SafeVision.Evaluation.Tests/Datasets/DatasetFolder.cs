using System.Text;

namespace SafeVision.Evaluation.Tests.Datasets;

/// <summary>A folder to build a dataset in, gone with the test.</summary>
internal sealed class DatasetFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("safevision-dataset").FullName;

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        string path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Puts files where images are expected. Readers open none of them.</summary>
    public void Images(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            Write(name, [1]);
        }
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
