namespace SafeVision.Training.Study;

/// <summary>A study's folder: what was measured, a line for each variant and seed, and what several variants begin from.</summary>
internal sealed class StudyFolder : IDisposable
{
    private const string ResultsFile = "results.jsonl";

    private static readonly JsonSerializerOptions s_line = new(RunFolder.Json) { WriteIndented = false };

    private readonly RunFolder _folder;
    private readonly List<AblationResult> _results = [];

    private StudyFolder(RunFolder folder) => _folder = folder;

    public IReadOnlyList<AblationResult> Results => _results;

    /// <summary>Takes a folder for a study, or goes on with it.</summary>
    /// <exception cref="TrainingException">It is of a study of another size, or another process writes into it.</exception>
    public static StudyFolder Take(AblationOptions options)
    {
        var asked = (JsonObject)JsonSerializer.SerializeToNode(options with { Folder = "", Seeds = 1 }, RunFolder.Json)!; // more seeds may be added
        var study = new StudyFolder(RunFolder.Take(options.Folder, new JsonObject { ["schema"] = 1, ["options"] = asked }));
        string file = study.PathOf(ResultsFile);
        foreach (string line in File.Exists(file) ? File.ReadLines(file) : [])
        {
            try
            {
                study._results.Add(JsonSerializer.Deserialize<AblationResult>(line, s_line)!);
            }
            catch (JsonException)
            {
                // The process ended in the middle of this line; the variant is measured again.
            }
        }

        return study;
    }

    public bool Has(AblationPlan plan, int seed) => _results.Exists(result => result.Seed == seed && result.Group == plan.Group && result.Name == plan.Name);

    public void Add(AblationResult result)
    {
        File.AppendAllText(PathOf(ResultsFile), $"{(EndsTorn() ? "\n" : "")}{JsonSerializer.Serialize(result, s_line)}\n");
        _results.Add(result);
    }

    public string PathOf(string name) => Path.Combine(_folder.Path, name);

    /// <summary>The path of a folder that is not there; what a run that was stopped left in it is removed.</summary>
    public string Fresh(string name)
    {
        string path = PathOf(name);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        return path;
    }

    public void Dispose() => _folder.Dispose();

    private bool EndsTorn()
    {
        string file = PathOf(ResultsFile);
        return File.Exists(file) && File.ReadAllText(file) is [.., not '\n'];
    }
}
