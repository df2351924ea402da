using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>
/// Text for a model of which some ranges were written by a stranger, such as a policy's words: there no added token is ever
/// recognised, so that nobody can smuggle one in. Immutable.
/// </summary>
/// <param name="Text">The whole text.</param>
/// <param name="Untrusted">The ranges that a stranger wrote, in order, not overlapping, in UTF-16 units.</param>
internal sealed record PromptText(string Text, IReadOnlyList<PromptText.Range> Untrusted)
{
    /// <summary>A part of the text.</summary>
    internal readonly record struct Range(int Start, int Length)
    {
        public int End => Start + Length;
    }

    public static PromptText Empty { get; } = new("", []);

    /// <summary>Text of the library or of the model's own files.</summary>
    public static PromptText Trusted(string text) => new(text, []);

    /// <summary>Text that anybody may have written.</summary>
    public static PromptText FromStranger(string text) => new(text, text.Length == 0 ? [] : [new Range(0, text.Length)]);

    /// <summary>The parts, one after the other.</summary>
    public static PromptText Concat(params ReadOnlySpan<PromptText> parts)
    {
        var text = new StringBuilder();
        var untrusted = new List<Range>();
        foreach (PromptText part in parts)
        {
            foreach (Range range in part.Untrusted)
            {
                untrusted.Add(new Range(text.Length + range.Start, range.Length));
            }

            text.Append(part.Text);
        }

        return new PromptText(text.ToString(), untrusted);
    }

    /// <summary>A part of the text with its untrusted ranges.</summary>
    public PromptText Slice(int start, int length)
    {
        var untrusted = new List<Range>();
        foreach (Range range in Untrusted)
        {
            int from = Math.Max(range.Start, start), to = Math.Min(range.End, start + length);
            if (from < to)
            {
                untrusted.Add(new Range(from - start, to - from));
            }
        }

        return new PromptText(Text.Substring(start, length), untrusted);
    }

    /// <summary>Whether a range of the text touches nothing that a stranger wrote.</summary>
    public bool IsTrusted(int start, int length)
    {
        foreach (Range range in Untrusted)
        {
            if (range.Start < start + length && start < range.End)
            {
                return false;
            }
        }

        return true;
    }

    public override string ToString() => Text;
}
