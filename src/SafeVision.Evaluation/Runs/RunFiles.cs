using System.IO.Pipelines;

namespace SafeVision.Evaluation.Runs;

/// <summary>The two files of a run: what it rests on, and the answers, one a line.</summary>
internal sealed class RunFiles(string folder)
{
    public const string IdentityName = "run.json";
    public const string RecordsName = "records.ndjson";
    public const string LockName = ".run.lock";

    private const int MaximumIdentity = 1 << 20;
    private const int MaximumLine = 16 << 20; // heat maps of many categories, written out

    public string IdentityPath { get; } = Path.Combine(folder, IdentityName);
    public string RecordsPath { get; } = Path.Combine(folder, RecordsName);

    /// <summary>What the run rests on; null where the folder holds none.</summary>
    public RunIdentity? ReadIdentity()
    {
        try
        {
            return JsonSerializer.Deserialize(RegularFile.ReadAllBytes(IdentityPath, MaximumIdentity), EvaluationJson.Default.RunIdentity)
                ?? throw new EvaluationException($"{IdentityPath} is empty.");
        }
        catch (FileRefusedException refused)
        {
            return refused.Reason == FileRefusalReason.Missing ? null : throw new EvaluationException($"{folder}: {refused.Message}", refused);
        }
        catch (JsonException exception)
        {
            throw new EvaluationException($"{IdentityPath} is damaged: {exception.Message}", exception);
        }
    }

    /// <summary>Writes what the run rests on: whole or not at all.</summary>
    public void WriteIdentity(RunIdentity identity) => WholeFile.Write(IdentityPath, JsonSerializer.Serialize(identity, EvaluationJson.Indented.RunIdentity));

    /// <summary>The answers, and how many bytes of the file they take: a line that was cut off by a crash is left out.</summary>
    public async Task<(IReadOnlyList<EvaluationRecord> Records, long Bytes)> ReadRecordsAsync(int most, CancellationToken cancellationToken)
    {
        var records = new List<EvaluationRecord>();
        if (Open() is not { } opened)
        {
            return (records, 0);
        }

        await using FileStream file = opened;
        PipeReader reader = PipeReader.Create(file, new StreamPipeReaderOptions(bufferSize: 1 << 16));
        long bytes = 0;
        while (true)
        {
            ReadResult read = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                ReadOnlySequence<byte> line = buffer.Slice(0, end);
                if (records.Count == most)
                {
                    throw new EvaluationException($"{RecordsPath} has more than the {most} answers of its run.");
                }

                records.Add(Parse(line, records.Count + 1));
                bytes += line.Length + 1;
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            if (buffer.Length > MaximumLine)
            {
                throw new EvaluationException($"{RecordsPath}, line {records.Count + 1}: longer than {MaximumLine} bytes.");
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                await reader.CompleteAsync().ConfigureAwait(false);
                return (records, bytes);
            }
        }
    }

    private FileStream? Open()
    {
        try
        {
            return RegularFile.Open(RecordsPath, long.MaxValue, FileOptions.SequentialScan);
        }
        catch (FileRefusedException refused)
        {
            return refused.Reason is FileRefusalReason.Missing or FileRefusalReason.Empty
                ? null
                : throw new EvaluationException($"{folder}: {refused.Message}", refused);
        }
    }

    private EvaluationRecord Parse(in ReadOnlySequence<byte> line, int number)
    {
        try
        {
            var json = new Utf8JsonReader(line);
            return JsonSerializer.Deserialize(ref json, EvaluationJson.Default.EvaluationRecord)
                ?? throw new EvaluationException($"{RecordsPath}, line {number}: empty.");
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new EvaluationException($"{RecordsPath}, line {number}: {exception.Message} Remove the file to judge the samples anew.", exception);
        }
    }
}

/// <summary>Source-generated metadata of a run's files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(EvaluationRecord))]
[JsonSerializable(typeof(RunIdentity))]
internal sealed partial class EvaluationJson : JsonSerializerContext
{
    /// <summary>The same with line breaks, for files that people read.</summary>
    public static EvaluationJson Indented { get; } = new(new JsonSerializerOptions { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase });
}
