using YamlDotNet.Core.Tokens;

namespace SafeVision.Policies;

/// <summary>Finds the characters of a YAML text that its author cannot see or takes for spaces. Invisible ones are refused
/// everywhere. Blanks that look like a space, the joiners and the variation selectors may stand inside a text, between visible
/// characters; where YAML counts spaces (before a key or '-', after ':') they would change what the file says without a sign of
/// it.</summary>
internal sealed class YamlCharacters
{
    // What means something to YAML next to a space.
    private static readonly SearchValues<char> s_indicators = SearchValues.Create("-:?,[]{}#&*!|>'\"%@` \t\r\n");

    private readonly string _text;
    private readonly List<Span> _spans = [];

    private YamlCharacters(string text)
    {
        _text = text;
        ReadSpans();
    }

    /// <summary>Whether all characters may stand where they are; those that may not are reported with line and column.</summary>
    public static bool Check(string text, PolicyErrors errors, string document)
    {
        bool clean = true;
        YamlCharacters? spans = null;
        int blankLine = 0;
        Place place = new(1, 1);
        for (int index = 0; index < text.Length;)
        {
            bool whole = Rune.DecodeFromUtf16(text.AsSpan(index), out Rune rune, out int consumed) == OperationStatus.Done;
            if (!whole || PolicyText.IsForbidden(rune))
            {
                string what = whole ? $"the character {PolicyText.Name(rune)} cannot be seen and" : "half of a surrogate pair";
                errors.Add(place, $"{what} may not stand in a {document}");
                clean = false;
            }
            else if (IsDoubtful(rune) && place.Line != blankLine && !(spans ??= new YamlCharacters(text)).MayStandAt(index, consumed))
            {
                // A pasted line has many of them; the first says enough.
                string what = PolicyText.IsLookAlikeSpace(rune) ? "looks like a space but is none" : "cannot be seen";
                errors.Add(place, $"the character {PolicyText.Name(rune)} {what} and may not stand here; replace it with a plain space, or delete it");
                (clean, blankLine) = (false, place.Line);
            }

            bool lineEnds = text[index] == '\n' || (text[index] == '\r' && (index + 1 == text.Length || text[index + 1] != '\n'));
            place = lineEnds ? new(place.Line + 1, 1) : place with { Column = place.Column + consumed };
            index += consumed;
        }

        return clean;
    }

    private static bool IsDoubtful(Rune rune) => rune.Value > 0x7F && (PolicyText.IsLookAlikeSpace(rune) || IsJoiner(rune) || IsVariation(rune));

    private static bool IsJoiner(Rune rune) => rune.Value is 0x200C or 0x200D;

    private static bool IsVariation(Rune rune) => rune.Value is (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF) or (>= 0x180B and <= 0x180D) or 0x180F;

    private bool MayStandAt(int index, int length)
    {
        int after = _spans.BinarySearch(new Span(index + 1, 0, SpanKind.Free));
        after = after < 0 ? ~after : after;
        Span span = after == 0 ? default : _spans[after - 1];
        if (index >= span.End || span.Kind == SpanKind.Key)
        {
            return false;
        }

        if (span.Kind == SpanKind.Free)
        {
            return true;
        }

        // Variation selectors end a text often: a heart in red.
        Rune.DecodeFromUtf16(_text.AsSpan(index), out Rune rune, out _);
        return index > span.Start && IsVisible(index - 1) && (IsVariation(rune) || (index + length < span.End && IsVisible(index + length)));
    }

    private bool IsVisible(int index) => !s_indicators.Contains(_text[index])
        && !(Rune.TryGetRuneAt(_text, index, out Rune rune) && PolicyText.IsLookAlikeSpace(rune));

    /// <summary>Where texts and comments are. What lies after a mistake of the syntax is not known and belongs to none.</summary>
    private void ReadSpans()
    {
        var scanner = new Scanner(new StringReader(_text), skipComments: false);
        bool isKey = false;
        try
        {
            // The scanner stays at a mistake and gives its error for ever; the first may come before the text that it is in.
            for (int errors = 0; errors < 2 && scanner.MoveNext(); errors += scanner.Current is Error ? 1 : 0)
            {
                switch (scanner.Current)
                {
                    case Scalar scalar:
                        SpanKind kind = isKey ? SpanKind.Key : scalar.Style == ScalarStyle.Plain ? SpanKind.Plain : SpanKind.Free;
                        _spans.Add(new Span((int)scalar.Start.Index, (int)scalar.End.Index, kind));
                        break;
                    case Comment comment:
                        _spans.Add(new Span((int)comment.Start.Index, (int)comment.End.Index, SpanKind.Free));
                        break;
                }

                isKey = scanner.Current is Key;
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The reader reports it, unless one of these characters is its cause and is reported instead.
        }

        _spans.Sort();
    }

    private enum SpanKind
    {
        Free, // a quoted text, a block of text or a comment, in which every character is one of the text
        Plain, // a text without quotes
        Key, // a key, which never holds any of them
    }

    private readonly record struct Span(int Start, int End, SpanKind Kind) : IComparable<Span>
    {
        public int CompareTo(Span other) => Start.CompareTo(other.Start);
    }
}
