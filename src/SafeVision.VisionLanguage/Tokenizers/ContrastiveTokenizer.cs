using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>
/// Makes the inputs of a text tower: a beginning and an end around a text, which is cut to fit, and filled up where the tower
/// wants it so. Thread-safe.
/// </summary>
internal sealed class ContrastiveTokenizer
{
    private readonly TextTokenizer _tokenizer;

    private ContrastiveTokenizer(TextTokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>Reads the tokenizer of a model's folder.</summary>
    /// <exception cref="ModelLoadException">No such file is there, or it asks for what is not known here.</exception>
    public static ContrastiveTokenizer Open(string folder) => new(TextTokenizer.OpenForWholeTexts(folder));

    /// <summary>The id of a token by its exact content.</summary>
    public int? Find(string content) => _tokenizer.Find(content);

    /// <summary>The ids of a text with beginning and end. Special tokens in it are recognised where no stranger wrote them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">The most ids, at least 2; of a longer text the beginning is kept, and the end token.</param>
    public int[] Encode(PromptText text, int most = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 2);
        int[] ids = _tokenizer.Encode(text);
        int[] beginning = _tokenizer.BeginningOfText is { } first ? [first] : [], end = _tokenizer.EndOfText is { } last ? [last] : [];
        int room = most - beginning.Length - end.Length;
        return [.. beginning, .. ids.Length > room ? ids[..room] : ids, .. end];
    }

    /// <summary>The same filled up to a length.</summary>
    public int[] EncodeFilled(PromptText text, int length, int pad)
    {
        int[] row = new int[length], ids = Encode(text, length);
        ids.CopyTo(row, 0);
        row.AsSpan(ids.Length).Fill(pad);
        return row;
    }
}
