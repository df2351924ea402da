namespace SafeVision.Training.Data.Stages;

/// <summary>A stage's folder, while the stage runs: <c>stage.json</c> says what it was begun with, and
/// <c>records.jsonl</c> has one line for each image that is done, only ever appended to. So a stage that is killed goes
/// on where it was: a line that was cut off is removed and its image done again, and no other is.</summary>
internal sealed class StageFolder : IAsyncDisposable
{
    public const string RecordsFile = "records.jsonl";
    public const string StateFile = "stage.json";
    private const string LockFile = ".lock";
    private const int MostStateBytes = 16 << 20;

    private readonly FileStream _lock;
    private readonly FileStream _records;

    private StageFolder(FileStream mine, FileStream records, Dictionary<string, StageOutcome> done) => (_lock, _records, Done) = (mine, records, done);

    /// <summary>What became of the images that are done.</summary>
    public Dictionary<string, StageOutcome> Done { get; }

    /// <summary>Opens a stage's folder to write, or makes it.</summary>
    /// <param name="grows">Whether new options may be added to those that it was begun with; a changed one never may.</param>
    /// <param name="seen">Told of every record that is there.</param>
    /// <exception cref="TrainingDataException">Another process runs the stage, it was begun with other options, or a file is damaged.</exception>
    public static async Task<StageFolder> OpenAsync(string folder, StageState state, bool grows, Action<ImageRecord>? seen, CancellationToken cancellationToken)
    {
        FileStream mine = Lock(folder);
        try
        {
            RequireSame(folder, state, grows);
            string path = Path.Combine(folder, RecordsFile);
            if (File.Exists(path))
            {
                await using var torn = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
                torn.SetLength(WholeLength(torn));
            }

            Dictionary<string, StageOutcome> done = new(StringComparer.Ordinal);
            if (File.Exists(path))
            {
                await foreach (ImageRecord record in ReadAsync(folder, cancellationToken).ConfigureAwait(false))
                {
                    done[record.Key] = record.Outcome;
                    seen?.Invoke(record);
                }
            }

            return new StageFolder(mine, new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 1), done);
        }
        catch
        {
            await mine.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether a stage has records, or may have had.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, StateFile));

    /// <summary>What a stage was begun with.</summary>
    /// <exception cref="TrainingDataException">There is none, or it is damaged.</exception>
    public static StageState ReadState(string folder)
    {
        string path = Path.Combine(folder, StateFile);
        try
        {
            return JsonSerializer.Deserialize(RegularFile.ReadAllBytes(path, MostStateBytes), DataJson.Default.StageState)
                ?? throw new TrainingDataException($"'{path}' is empty. Remove the folder to begin the stage anew.");
        }
        catch (Exception error) when (error is FileRefusedException or JsonException)
        {
            throw new TrainingDataException($"'{path}' cannot be read: {error.Message}. Remove the folder to begin the stage anew.", error);
        }
    }

    /// <summary>A stage's records, the last of each key, in the file's order; one that is being written is left out.</summary>
    /// <exception cref="TrainingDataException">A line is damaged.</exception>
    public static async IAsyncEnumerable<ImageRecord> ReadAsync(string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, RecordsFile);
        if (!File.Exists(path))
        {
            yield break;
        }

        long length;
        await using (FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            length = WholeLength(file);
        }

        Dictionary<string, int> last = new(StringComparer.Ordinal);
        await foreach ((ImageRecord record, int line) in JsonLines.ReadAsync(path, DataJson.Default.ImageRecord, cancellationToken, length).ConfigureAwait(false))
        {
            last[record.Key] = line;
        }

        await foreach ((ImageRecord record, int line) in JsonLines.ReadAsync(path, DataJson.Default.ImageRecord, cancellationToken, length).ConfigureAwait(false))
        {
            if (last[record.Key] == line)
            {
                yield return record;
            }
        }
    }

    /// <summary>Adds a record: one write, so that a process that is killed leaves all of it or a line without its end.</summary>
    public async Task AppendAsync(ImageRecord record, CancellationToken cancellationToken)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(record, DataJson.Default.ImageRecord), (byte)'\n'];
        await _records.WriteAsync(line, cancellationToken).ConfigureAwait(false);
        Done[record.Key] = record.Outcome;
    }

    public async ValueTask DisposeAsync()
    {
        await _records.DisposeAsync().ConfigureAwait(false);
        await _lock.DisposeAsync().ConfigureAwait(false);
    }

    private static FileStream Lock(string folder)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, LockFile);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (IOException error) when (File.Exists(path))
        {
            throw new TrainingDataException($"'{folder}': another process runs this stage. Wait until it has ended.", error);
        }
    }

    private static void RequireSame(string folder, StageState state, bool grows)
    {
        SortedDictionary<string, string> options = new(state.Options.ToDictionary(), StringComparer.Ordinal);
        if (Exists(folder))
        {
            StageState begun = ReadState(folder);
            foreach (string name in options.Keys.Union(begun.Options.Keys).Order(StringComparer.Ordinal))
            {
                (string? now, string? then) = (options.GetValueOrDefault(name), begun.Options.GetValueOrDefault(name));
                if (now != then && (!grows || (now is not null && then is not null)))
                {
                    throw new TrainingDataException(
                        $"The stage {state.Stage} was begun with {name} {then ?? "not given"}, and is now asked with {now ?? "none"}. Ask as before to go on, or remove '{folder}' and what was made from it to begin anew.");
                }

                options[name] = now ?? then!;
            }

            if (begun.From != state.From)
            {
                throw new TrainingDataException($"The stage {state.Stage} was begun on the records of {begun.From}, and would now take those of {state.From}. Remove '{folder}' and what was made from it to begin anew.");
            }
        }

        WholeFile.Write(Path.Combine(folder, StateFile), JsonSerializer.Serialize(state with { Options = options }, DataJson.Default.StageState));
    }

    /// <summary>How many bytes of a file end with a line's end.</summary>
    private static long WholeLength(FileStream file)
    {
        byte[] block = new byte[1 << 16];
        for (long end = file.Length; end > 0; end -= Math.Min(end, block.Length))
        {
            int size = (int)Math.Min(end, block.Length);
            int read = RandomAccess.Read(file.SafeFileHandle, block.AsSpan(0, size), end - size);
            if (block.AsSpan(0, read).LastIndexOf((byte)'\n') is >= 0 and int at)
            {
                return end - size + at + 1;
            }
        }

        return 0;
    }
}
