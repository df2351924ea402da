using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage.Families;

/// <summary>Tokens counted one by one.</summary>
/// <param name="first">The first token's position: 0, or 1 for the families that count so.</param>
internal sealed class SequentialPositions(int first) : IPositionScheme
{
    public static SequentialPositions FromZero { get; } = new(0);

    public int Rows => 1;

    public void Write(TokenSequence tokens, int start, Span<long> positions)
    {
        for (int i = 0; i < positions.Length; i++)
        {
            positions[i] = first + start + i;
        }
    }
}
