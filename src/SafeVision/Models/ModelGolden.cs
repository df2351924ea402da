namespace SafeVision.Models;

/// <summary>A known answer of a model.</summary>
public sealed record ModelGolden
{
    /// <summary>For messages.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The seed that the input is made from (image models).</summary>
    public ulong Seed { get; init; }

    /// <summary>The input's shape (image models).</summary>
    public IReadOnlyList<int> Shape { get; init => field = value ?? []; } = [];

    /// <summary>The name of the graph's output that was recorded.</summary>
    public string Output { get; init => field = value ?? ""; } = "";

    /// <summary>The first numbers of that output.</summary>
    public IReadOnlyList<float> Outputs { get; init => field = value ?? []; } = [];

    /// <summary>The text (text encoders).</summary>
    public string? Text { get; init; }
}
