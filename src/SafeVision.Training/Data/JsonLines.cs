using System.IO.Pipelines;
using System.Text.Json.Serialization.Metadata;

namespace SafeVision.Training.Data;

/// <summary>Files with a JSON object a line, read and written as a stream.</summary>
internal static class JsonLines
{
    /// <summary>The most bytes of a line; a conversation has a few thousand.</summary>
    public const int MostLineBytes = 16 << 20;

    /// <summary>The objects of a file with the numbers of their lines, from 1. Empty lines are passed over.</summary>
    /// <param name="path">The file; an empty one has no objects.</param>
    /// <param name="length">How many bytes of the file to read; null: all.</param>
    /// <exception cref="TrainingDataException">The file is missing or a line is damaged; the message names it.</exception>
    public static async IAsyncEnumerable<(T Value, int Line)> ReadAsync<T>(
        string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken, long? length = null)
        where T : class
    {
        string name = Path.GetFileName(path);
        await using FileStream? file = Open(path);
        if (file is null)
        {
            yield break;
        }

        PipeReader reader = PipeReader.Create(file, new StreamPipeReaderOptions(bufferSize: 1 << 16));
        long left = length ?? long.MaxValue;
        int line = 0;
        for (bool isLast = false; !isLast;)
        {
            ReadResult read = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = read.Buffer;
            isLast = read.IsCompleted || left <= 0;
            while (left > 0 && TryTake(ref buffer, isLast, out ReadOnlySequence<byte> text))
            {
                line++;
                left -= text.Length + 1;
                if (!IsBlank(text))
                {
                    yield return (Parse(text, type, name, line), line);
                }
            }

            if (buffer.Length > MostLineBytes)
            {
                throw new TrainingDataException($"{name}, line {line + 1}: the line has more than {MostLineBytes} bytes.");
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }

        await reader.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>Writes a file whole, or leaves what was there.</summary>
    public static Task WriteAsync<T>(string path, IAsyncEnumerable<T> values, JsonTypeInfo<T> type, CancellationToken cancellationToken) => WholeFile.WriteAsync(path, async file =>
    {
        await foreach (T value in values.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            await JsonSerializer.SerializeAsync(file, value, type, cancellationToken).ConfigureAwait(false);
            file.WriteByte((byte)'\n');
        }
    });

    private static FileStream? Open(string path)
    {
        try
        {
            return RegularFile.Open(path, long.MaxValue, FileOptions.SequentialScan);
        }
        catch (FileRefusedException refused) when (refused.Reason == FileRefusalReason.Empty)
        {
            return null;
        }
        catch (FileRefusedException refused)
        {
            throw new TrainingDataException(refused.Message, refused);
        }
    }

    private static bool TryTake(ref ReadOnlySequence<byte> buffer, bool isLast, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is { } end)
        {
            line = buffer.Slice(0, end);
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            return true;
        }

        (line, bool isText) = (buffer, isLast && buffer.Length > 0);
        buffer = isText ? buffer.Slice(buffer.End) : buffer;
        return isText;
    }

    private static bool IsBlank(in ReadOnlySequence<byte> line)
    {
        foreach (ReadOnlyMemory<byte> part in line)
        {
            if (part.Span.ContainsAnyExcept(" \t\r"u8))
            {
                return false;
            }
        }

        return true;
    }

    private static T Parse<T>(in ReadOnlySequence<byte> line, JsonTypeInfo<T> type, string name, int number)
        where T : class
    {
        try
        {
            var json = new Utf8JsonReader(line);
            T value = JsonSerializer.Deserialize(ref json, type) ?? throw new TrainingDataException($"{name}, line {number}: null is not a record.");
            return !json.Read() ? value : throw new TrainingDataException($"{name}, line {number}: there is more than one object.");
        }
        catch (JsonException error)
        {
            string where = error.Path is { Length: > 1 } path ? $"{path} is missing, unknown, or not what it should be" : "it is not a JSON object of this form";
            throw new TrainingDataException($"{name}, line {number}: {where} (byte {error.BytePositionInLine}): {error.Message}", error);
        }
    }
}

/// <summary>Source-generated metadata of the data engine's files: strict, so that a misspelt member is an error and not a default.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters = [typeof(NameConverter<QuestionKind>), typeof(NameConverter<TrainingSplit>), typeof(NameConverter<CriticalRole>), typeof(NameConverter<StageOutcome>), typeof(NameConverter<JudgeVote>)])]
[JsonSerializable(typeof(TrainingSample))]
[JsonSerializable(typeof(ImageRecord))]
[JsonSerializable(typeof(StageState))]
[JsonSerializable(typeof(FilterFile))]
[JsonSerializable(typeof(InternVlRow))]
[JsonSerializable(typeof(SwiftRow))]
internal sealed partial class DataJson : JsonSerializerContext;

/// <summary>Enumerations as their names, lower case with hyphens: <c>what-at</c>.</summary>
internal sealed class NameConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum
{
    public static string NameOf(T value) => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
