namespace SafeVision.Benchmarks.Llama;

/// <summary>A tensor of a GGUF file.</summary>
/// <param name="Name">Its name, as llama.cpp asks for it.</param>
/// <param name="Type">What its numbers are.</param>
/// <param name="Rows">How many rows; 0: it is a vector.</param>
/// <param name="Columns">The numbers of a row.</param>
/// <param name="Write">Writes its bytes.</param>
internal sealed record GgufTensor(string Name, GgufType Type, int Rows, int Columns, Action<Stream> Write)
{
    public long Length => (long)Math.Max(1, Rows) * Type switch
    {
        GgufType.Half => Columns * 2,
        GgufType.Q4 => Columns / 32 * 18,
        GgufType.Q8 => Columns / 32 * 34,
        _ => Columns * sizeof(float),
    };
}
