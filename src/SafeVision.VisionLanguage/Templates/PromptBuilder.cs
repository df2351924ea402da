using System.Text;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Templates;

/// <summary>Puts texts together and keeps their untrusted ranges; neighbouring ones become one.</summary>
internal sealed class PromptBuilder
{
    private readonly StringBuilder _text = new();
    private readonly List<PromptText.Range> _untrusted = [];

    public int Length => _text.Length;

    public void Append(PromptText text)
    {
        foreach (PromptText.Range range in text.Untrusted)
        {
            AddUntrusted(_text.Length + range.Start, range.Length);
        }

        _text.Append(text.Text);
    }

    /// <summary>Appends a part of a text.</summary>
    public void Append(PromptText text, int start, int length)
    {
        if (length > 0)
        {
            Append(text.Slice(start, length));
        }
    }

    public PromptText Build() => new(_text.ToString(), [.. _untrusted]);

    private void AddUntrusted(int start, int length)
    {
        if (_untrusted is [.., var last] && last.End == start)
        {
            _untrusted[^1] = last with { Length = last.Length + length };
        }
        else if (length > 0)
        {
            _untrusted.Add(new PromptText.Range(start, length));
        }
    }
}
