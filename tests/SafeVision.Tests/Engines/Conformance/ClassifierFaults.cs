using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines.Conformance;

/// <summary>Damaged classifiers.</summary>
public sealed class ClassifierFaults : EngineFaults, IDisposable
{
    private readonly TinyModel _sound = new();

    protected override string Sound => _sound.Folder;

    /// <summary>Each fits its hash.</summary>
    protected override IReadOnlyList<Action<string>> Unsound { get; } =
    [
        folder => Replace(folder, TinyModel.Graph(head: graph => graph.Weights("head", [3, 3], [.. Enumerable.Repeat(float.NaN, 9)]))),
        folder => Replace(folder, TinyModel.Graph(head: graph => graph.Weights("head", [3, 3], [.. Enumerable.Repeat(float.PositiveInfinity, 9)]))),
        folder => Replace(folder, TinyModel.Graph(labels: 4)),
    ];

    protected override ImageGuardrailBuilder Use(ImageGuardrailBuilder builder, string folder) => builder.UseClassifier(folder);

    private static void Replace(string folder, OnnxBytes graph)
    {
        using var unsound = new TinyModel(graph.ToArray());
        foreach (string file in Directory.GetFiles(unsound.Folder))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }
    }

    public void Dispose() => _sound.Dispose();
}
