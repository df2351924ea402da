namespace SafeVision.Inference;

/// <summary>A model's bytes or checked file, and how to tell whether a provider computes it rightly.</summary>
internal sealed record ModelImage
{
    public required string Name { get; init; } // for errors and provenance

    /// <summary>What tells it from every other model: the hash of its bytes, or paths, lengths and times of its files.</summary>
    public required string Identity { get; init; }

    /// <summary>The file, when the model has one: ONNX Runtime maps it and finds external data beside it.</summary>
    public string? Path { get; init; }

    /// <summary>Checks that the files are what they should be, before they are loaded and before a session that was
    /// loaded earlier is used for them; null: nothing to check.</summary>
    public Action? Check { get; init; }

    /// <summary>Reads and checks the bytes, when the model lies in an assembly or in one file.</summary>
    public Func<byte[]>? Bytes { get; init; }

    /// <summary>Whether runs differ in shape, so that a plan of memory made for one is of no use to the next.</summary>
    public bool HasVaryingShapes { get; init; }

    /// <summary>Runs the golden inputs and returns all outputs, one after the other; null when the model has none.</summary>
    public Func<InferenceSession, float[]>? Probe { get; init; }
}

/// <summary>A model's files are missing, altered, or not what this runtime can run. The message says which file and why.</summary>
public sealed class ModelLoadException(string message, Exception? innerException = null) : Exception(Bounded(message), innerException)
{
    private const int MostCharacters = 3000; // what a stranger's file holds may be megabytes

    private static string Bounded(string message) => message is { Length: > MostCharacters } ? $"{message[..(MostCharacters / 2)]} … {message[^(MostCharacters / 2)..]}" : message;
}
