namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>Text for a model of which some ranges were written by a stranger, such as a policy's words: there no added token is
/// ever recognised, so that nobody can smuggle one in. Immutable.</summary>
/// <param name="UntrustedRanges">The ranges that a stranger wrote, in order, not overlapping, in UTF-16 units.</param>
internal sealed record PromptText(string Text, IReadOnlyList<PromptText.Range> UntrustedRanges)
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
    public static PromptText Untrusted(string text) => new(text, text.Length == 0 ? [] : [new Range(0, text.Length)]);

    public static PromptText Concat(params ReadOnlySpan<PromptText> parts)
    {
        var text = new StringBuilder();
        var untrusted = new List<Range>();
        foreach (PromptText part in parts)
        {
            foreach (Range range in part.UntrustedRanges)
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
        foreach (Range range in UntrustedRanges)
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
    public bool IsTrusted(int start, int length) => UntrustedRanges.All(range => range.Start >= start + length || start >= range.End);

    public override string ToString() => Text;
}

/// <summary>A piece of text that remembers which of its UTF-16 units a stranger wrote. Slices share the text.</summary>
internal readonly struct MarkedText
{
    private readonly string _source;
    private readonly bool[]? _marks;
    private readonly int _start;

    private MarkedText(string source, bool[]? marks, int start, int length) =>
        (_source, _marks, _start, Length) = (source, marks, start, length);

    public int Length { get; }

    public ReadOnlySpan<char> Span => _source.AsSpan(_start, Length);

    /// <summary>Whether a stranger wrote any of it.</summary>
    public bool IsUntrusted => _marks is not null && _marks.AsSpan(_start, Length).Contains(true);

    /// <summary>Text that nobody but the library or the model's maker wrote.</summary>
    public static MarkedText Trusted(string text) => new(text, null, 0, text.Length);

    /// <summary>Text with one mark for each unit, or without marks.</summary>
    public static MarkedText Create(string text, bool[]? marks) => new(text, marks, 0, text.Length);

    /// <summary>A prompt's text and marks. Half surrogate pairs, which no reference takes, become U+FFFD.</summary>
    /// <exception cref="ArgumentException">A range lies outside the text.</exception>
    public static MarkedText From(PromptText prompt)
    {
        bool[]? marks = prompt.UntrustedRanges.Count == 0 ? null : new bool[prompt.Text.Length];
        foreach (PromptText.Range range in prompt.UntrustedRanges)
        {
            if (range.Start < 0 || range.Length < 0 || range.Length > prompt.Text.Length - range.Start)
            {
                throw new ArgumentException($"the untrusted range {range} lies outside the {prompt.Text.Length} units of the text", nameof(prompt));
            }

            marks.AsSpan(range.Start, range.Length).Fill(true);
        }

        // Encoding puts U+FFFD, one unit too, for each half.
        bool hasHalves = prompt.Text.AsSpan().ContainsAnyInRange('\ud800', '\udfff');
        return Create(hasHalves ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(prompt.Text)) : prompt.Text, marks);
    }

    public bool IsUntrustedAt(int index) => _marks is not null && _marks[_start + index];

    public MarkedText Slice(int start, int length) => new(_source, _marks, _start + start, length);

    public override string ToString() => Span.ToString();
}

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
