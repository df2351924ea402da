using System.Collections.ObjectModel;

namespace SafeVision.Models;

/// <summary>A known answer of a model.</summary>
public sealed record ModelGolden
{
    /// <summary>For messages.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The seed that the input is made from .</summary>
    public ulong Seed { get; init; }

    /// <summary>The input's shape.</summary>
    public IReadOnlyList<int> Shape { get; init => field = value ?? []; } = [];

    /// <summary>The name of the graph's output that was recorded.</summary>
    public string Output { get; init => field = value ?? ""; } = "";

    /// <summary>The first numbers of that output.</summary>
    public IReadOnlyList<float> Outputs { get; init => field = value ?? []; } = [];

    /// <summary>Further inputs by name, lists of whole numbers (vision-language models).</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Inputs { get; init => field = value ?? ReadOnlyDictionary<string, IReadOnlyList<long>>.Empty; } = ReadOnlyDictionary<string, IReadOnlyList<long>>.Empty;

    /// <summary>How far another processor may be from the numbers, relative to the largest; null: <see cref="ModelSelfTest.Tolerance"/>.</summary>
    public double? Tolerance { get; init; }

    /// <summary>Numbers in [-1, 1) made from <see cref="Seed"/>: the input of a vision-language model's golden.</summary>
    /// <param name="length">How many.</param>
    public float[] CreateSignedInput(int length) => GoldenInput.CreateSigned(Seed, length);
}
