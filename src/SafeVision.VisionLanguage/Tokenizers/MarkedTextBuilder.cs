using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>Writes a text changed from another one, and carries the marks along.</summary>
internal sealed class MarkedTextBuilder
{
    private readonly StringBuilder _text = new();
    private readonly List<bool>? _marks;

    /// <param name="source">The text that is changed; without an untrusted unit in it, no marks are kept.</param>
    public MarkedTextBuilder(MarkedText source) => _marks = source.IsUntrusted ? new List<bool>(source.Length) : null;

    public void Append(ReadOnlySpan<char> text, bool untrusted)
    {
        _text.Append(text);
        for (int index = 0; _marks is not null && index < text.Length; index++)
        {
            _marks.Add(untrusted);
        }
    }

    /// <summary>Appends a piece as it is.</summary>
    public void Append(MarkedText piece)
    {
        _text.Append(piece.Span);
        for (int index = 0; _marks is not null && index < piece.Length; index++)
        {
            _marks.Add(piece.IsUntrustedAt(index));
        }
    }

    public MarkedText ToText() => MarkedText.Create(_text.ToString(), _marks?.ToArray());
}
