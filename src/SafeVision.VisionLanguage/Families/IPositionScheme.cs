using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage.Families;

/// <summary>Which position each token of a sequence has, for graphs that want to be told. Thread-safe.</summary>
internal interface IPositionScheme
{
    /// <summary>Numbers a token: 1, or 3 for multimodal rotary embeddings (time, row, column).</summary>
    int Rows { get; }

    /// <summary>Writes the positions of a run of tokens.</summary>
    /// <param name="tokens">The sequence from its first token.</param>
    /// <param name="start">The first token of the run.</param>
    /// <param name="positions">Receives [rows, count] numbers, where count is its length divided by <see cref="Rows"/>.</param>
    void Write(TokenSequence tokens, int start, Span<long> positions);
}
