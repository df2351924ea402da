using System.Globalization;

namespace SafeVision.Benchmarks.Answering;

/// <summary>What is measured, and how.</summary>
internal sealed record AnswerOptions
{
    public required string Folder { get; init; }

    /// <summary>The peer's script; null: no peer.</summary>
    public string? Peer { get; init; }

    /// <summary>Another folder to measure against; null: the same one.</summary>
    public string? Against { get; init; }

    /// <summary>A training dataset's folder; null: none.</summary>
    public string? Data { get; init; }

    public int Rounds { get; init; } = 3;

    /// <summary>The most tiles of a picture, the thumbnail not counted.</summary>
    public int Tiles { get; init; } = 2;

    /// <summary>Tokens of an answer.</summary>
    public int Tokens { get; init; } = 32;

    /// <summary>Images of VisionHarm-S.</summary>
    public int Count { get; init; } = 100;

    public int Threads { get; init; } = Environment.ProcessorCount;

    public static AnswerOptions Parse(string folder, ReadOnlySpan<string> rest)
    {
        var options = new AnswerOptions { Folder = Path.GetFullPath(folder) };
        for (int i = 0; i < rest.Length; i += 2)
        {
            string value = i + 1 < rest.Length ? rest[i + 1] : throw new ArgumentException($"{rest[i]} needs a value.");
            options = rest[i] switch
            {
                "--peer" => options with { Peer = value },
                "--against" => options with { Against = Path.GetFullPath(value) },
                "--data" => options with { Data = Path.GetFullPath(value) },
                "--rounds" => options with { Rounds = Number(value) },
                "--tiles" => options with { Tiles = Number(value) },
                "--tokens" => options with { Tokens = Number(value) },
                "--count" => options with { Count = Number(value) },
                "--threads" => options with { Threads = Number(value) },
                _ => throw new ArgumentException($"'{rest[i]}' is none of --peer, --against, --data, --rounds, --tiles, --tokens, --count and --threads."),
            };
        }

        return options;
    }

    private static int Number(string value) => int.Parse(value, CultureInfo.InvariantCulture);
}
