namespace SafeVision.VisionLanguage.Tokenizers;

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
        bool[]? marks = prompt.Untrusted.Count == 0 ? null : new bool[prompt.Text.Length];
        foreach (PromptText.Range range in prompt.Untrusted)
        {
            if (range.Start < 0 || range.Length < 0 || range.Length > prompt.Text.Length - range.Start)
            {
                throw new ArgumentException($"the untrusted range {range} lies outside the {prompt.Text.Length} units of the text", nameof(prompt));
            }

            marks.AsSpan(range.Start, range.Length).Fill(true);
        }

        return Create(WellFormed(prompt.Text), marks);
    }

    public bool IsUntrustedAt(int index) => _marks is not null && _marks[_start + index];

    public MarkedText Slice(int start, int length) => new(_source, _marks, _start + start, length);

    public override string ToString() => Span.ToString();

    private static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
        {
            return text;
        }

        return string.Create(text.Length, text, static (units, source) =>
        {
            for (int index = 0; index < units.Length; index++)
            {
                if (index + 1 < source.Length && char.IsSurrogatePair(source[index], source[index + 1]))
                {
                    units[index] = source[index];
                    units[++index] = source[index];
                }
                else
                {
                    units[index] = char.IsSurrogate(source[index]) ? '\ufffd' : source[index];
                }
            }
        });
    }
}
