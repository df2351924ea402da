namespace SafeVision.Training.Runs;

/// <summary>A run's folder: <c>run.json</c> repeats the run, <c>log.jsonl</c> has a line for each step and each look,
/// <c>state/</c> is what a stopped run goes on from, <c>index.html</c> shows curves. One process at a time writes into
/// it.</summary>
internal sealed class RunFolder : IDisposable
{
    public const string RunFile = "run.json";
    public const string LogFile = "log.jsonl";
    public const string ResultFile = "result.json";

    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NewLine = "\n",
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private static readonly JsonSerializerOptions s_line = new(Json) { WriteIndented = false };

    private readonly FileStream _lock;

    private RunFolder(string path, FileStream taken) => (Path, _lock) = (path, taken);

    public string Path { get; }

    public string State => System.IO.Path.Combine(Path, "state");

    /// <summary>Whether a state was saved that the run can go on from.</summary>
    public bool HasState => File.Exists(System.IO.Path.Combine(State, "run.json"));

    /// <summary>The step that a saved state goes on with; 0 where there is none.</summary>
    public int SavedStep => HasState ? Optimisation.TrainingRun.StepIn(State) : 0;

    /// <summary>What the finished run came to; null where it is not finished.</summary>
    /// <exception cref="TrainingException">The file is damaged.</exception>
    public T? Result<T>()
        where T : class
    {
        string file = System.IO.Path.Combine(Path, ResultFile);
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize<T>(File.ReadAllBytes(file), Json) ?? throw new JsonException("It is null.") : null;
        }
        catch (JsonException exception)
        {
            throw new TrainingException($"{file}: can't be read. Remove it to have the run's end computed again. {exception.Message}", exception);
        }
    }

    /// <param name="path">The folder; made where it is missing.</param>
    /// <param name="run">What the run is: options, hashes, versions. A run that is gone on with must be the same.</param>
    /// <exception cref="TrainingException">Another process writes into it, or it is of another run.</exception>
    public static RunFolder Take(string path, JsonObject run)
    {
        Directory.CreateDirectory(path);
        FileStream taken;
        try
        {
            taken = new FileStream(System.IO.Path.Combine(path, "run.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException exception)
        {
            throw new TrainingException($"{path}: another run is writing into this folder. Wait until it has ended, or name another folder.", exception);
        }

        try
        {
            string file = System.IO.Path.Combine(path, RunFile);
            if (File.Exists(file))
            {
                RequireSame(file, run);
            }
            else if (Directory.EnumerateFileSystemEntries(path).Any(entry => System.IO.Path.GetFileName(entry) != "run.lock" && !WholeFile.IsLeftover(entry)))
            {
                throw new TrainingException($"{path}: is not empty, and no run was begun in it. Name another folder.");
            }
            else
            {
                Write(file, run);
            }

            return new RunFolder(path, taken);
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    public void Log(object line)
    {
        using FileStream file = new(System.IO.Path.Combine(Path, LogFile), FileMode.Append, FileAccess.Write, FileShare.Read);
        file.Write(JsonSerializer.SerializeToUtf8Bytes(line, s_line));
        file.WriteByte((byte)'\n');
    }

    /// <summary>The log's lines before a step; all later ones, and a line that was torn, are dropped from the file.</summary>
    public IReadOnlyList<JsonObject> LogBefore(int step)
    {
        string path = System.IO.Path.Combine(Path, LogFile);
        if (!File.Exists(path))
        {
            return [];
        }

        var kept = new List<(JsonObject Line, string Text)>();
        foreach (string text in File.ReadLines(path))
        {
            try
            {
                if (JsonNode.Parse(text) is JsonObject line && (line["step"]?.GetValue<int>() ?? -1) < step)
                {
                    kept.Add((line, text));
                }
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException or ArgumentException)
            {
                // The process ended in the middle of this line, or somebody else wrote it.
            }
        }

        WholeFile.Write(path, string.Concat(kept.Select(line => $"{line.Text}\n")));
        return [.. kept.Select(line => line.Line)];
    }

    /// <summary>Writes a file of the run whole or not at all.</summary>
    public void Write(string name, object content) => Write(System.IO.Path.Combine(Path, name), JsonSerializer.SerializeToNode(content, Json)!);

    /// <summary>SHA-256 of files, by their names.</summary>
    public static JsonObject Hashes(IEnumerable<string> paths)
    {
        var hashes = new JsonObject();
        foreach (string path in paths.Order(StringComparer.Ordinal))
        {
            using FileStream file = File.OpenRead(path);
            hashes[System.IO.Path.GetFileName(path)] = Convert.ToHexStringLower(SHA256.HashData(file));
        }

        return hashes;
    }

    public void Dispose() => _lock.Dispose();

    private static void RequireSame(string file, JsonObject run)
    {
        JsonObject before;
        try
        {
            before = JsonNode.Parse(File.ReadAllText(file)) as JsonObject ?? throw new JsonException("It is no object.");
        }
        catch (JsonException exception)
        {
            throw new TrainingException($"{file}: can't be read, so the run can't be gone on with. {exception.Message}", exception);
        }

        string[] changed = [.. Differences(before, run, "")];
        if (changed.Length > 0)
        {
            throw new TrainingException($"{file}: is of another run: {string.Join(", ", changed)} differ. Name another folder, or give this run's options again.");
        }
    }

    private static IEnumerable<string> Differences(JsonObject one, JsonObject other, string prefix) =>
        one.Select(entry => entry.Key).Union(other.Select(entry => entry.Key)).SelectMany(key => (one[key], other[key]) switch
        {
            (JsonObject a, JsonObject b) => Differences(a, b, $"{prefix}{key}."),
            (var a, var b) => JsonNode.DeepEquals(Plain(a), Plain(b)) ? [] : [prefix + key],
        });

    /// <summary>A node as it would be read from a file, so that numbers compare by their text.</summary>
    private static JsonNode? Plain(JsonNode? node) => node is null ? null : JsonNode.Parse(node.ToJsonString(Json));

    private static void Write(string path, JsonNode content) => WholeFile.Write(path, content.ToJsonString(Json) + "\n");
}
