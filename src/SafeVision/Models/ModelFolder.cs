using System.Reflection;

namespace SafeVision.Models;

/// <summary>Where a model's files are: a folder on disk, or resources of an assembly. Names are plain file names; nothing outside the folder can be named.</summary>
public abstract class ModelFolder
{
    private const string GraphFolder = "onnx/";

    private ModelFolder(string description) => Description = description;

    /// <summary>The folder's path, or the assembly and prefix.</summary>
    public string Description { get; }

    /// <summary>A folder on disk.</summary>
    public static ModelFolder OnDisk(string path) => new DiskFolder(Path.GetFullPath(path));

    /// <summary>Resources of an assembly whose names start with <paramref name="prefix"/> and a slash.</summary>
    public static ModelFolder Embedded(Assembly assembly, string prefix) => new EmbeddedFolder(assembly, prefix);

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="Inference.ModelLoadException">It is not there, or the name is not a plain file name.</exception>
    public Stream OpenRead(string file) => Open(file, file);

    /// <summary>Opens a file of the folder, or of its subfolder for graphs: a plain file name, or one behind <see cref="GraphFolder"/>.</summary>
    /// <exception cref="Inference.ModelLoadException">It is not there, or the name is another one.</exception>
    internal Stream OpenGraph(string file) => Open(file, file.StartsWith(GraphFolder, StringComparison.Ordinal) ? file[GraphFolder.Length..] : file);

    private Stream Open(string file, string name) =>
        string.IsNullOrWhiteSpace(name) || name is "." or ".." || name.AsSpan().IndexOfAny("/\\:\0") >= 0
            ? throw new Inference.ModelLoadException($"{Description}: '{file}' is not a plain file name; a model may only name files of its own folder.")
            : Open(file) ?? throw new Inference.ModelLoadException($"{Description}: the file '{file}' is missing or empty.");

    /// <summary>The path of a file that ONNX Runtime can map, or null when the files are embedded.</summary>
    public abstract string? PathOf(string file);

    private protected abstract Stream? Open(string file);

    private sealed class DiskFolder(string path) : ModelFolder(path)
    {
        public override string? PathOf(string file) => Path.Combine(Description, file);

        private protected override Stream? Open(string file)
        {
            string full = Path.Combine(Description, file);
            try
            {
                return RegularFile.Open(full, long.MaxValue);
            }
            catch (FileRefusedException exception) when (exception.Reason is FileRefusalReason.Missing or FileRefusalReason.Empty)
            {
                return Directory.Exists(Description) ? null
                    : throw new Inference.ModelLoadException($"{Description}: there is no such folder. Name the one that holds the model and its {ModelManifest.FileName}, as 'safevision convert' writes them.", exception);
            }
            catch (FileRefusedException exception)
            {
                throw new Inference.ModelLoadException($"{full}: can't be read. {exception.Message}", exception);
            }
        }
    }

    private sealed class EmbeddedFolder(Assembly assembly, string prefix) : ModelFolder($"{assembly.GetName().Name}:{prefix}")
    {
        public override string? PathOf(string file) => null;

        private protected override Stream? Open(string file) => assembly.GetManifestResourceStream($"{prefix}/{file}");
    }
}
