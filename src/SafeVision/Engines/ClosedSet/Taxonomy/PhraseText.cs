namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>Phrases as tokens: compatible forms of characters made plain, lower case, apostrophes and dots inside words
/// dropped, hyphens as blanks, and a mark wherever punctuation parts a list.</summary>
internal static partial class PhraseText
{
    /// <summary>The token that parts the items of a list. No word is spelled so, since low lines are blanks.</summary>
    public const string Comma = "comma_";

    /// <summary>Stands for the hyphen of "toy-like", which is one word; a letter to every rule that asks.</summary>
    public const char Joint = '\u02CD';

    /// <summary>The tokens of a phrase.</summary>
    public static List<string> Tokens(string phrase, CompatibleCharacters characters)
    {
        string text = characters.Fold(phrase);
        text = Compound().Replace(text, $"${{1}}{Joint}${{2}}");
        text = ForExample().Replace(text, " such as ");
        text = ThatIs().Replace(text, ",");
        var tokens = new List<string>();
        var token = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            bool endsSentence = text[i] == '.' && (i + 1 == text.Length || char.IsWhiteSpace(text[i + 1]));
            if (endsSentence || ",;:/()[]&+|\"“”!?".Contains(text[i], StringComparison.Ordinal))
            {
                Finish(tokens, token);
                tokens.Add(Comma);
            }
            else if (text[i] != '_' && IsWord(text, i))
            {
                token.Append(text[i]);
            }
            else if (text[i] is not ('\'' or '’' or '.'))
            {
                Finish(tokens, token);
            }
        }

        Finish(tokens, token);
        return tokens;
    }

    /// <summary>A name as words are spelled in the tables.</summary>
    public static string Key(string name, CompatibleCharacters characters)
    {
        var key = new StringBuilder();
        foreach (char character in characters.Fold(name))
        {
            if (char.IsWhiteSpace(character) || character is '_' or '-' or '\u2010' or '\u2011' or '\u2012' or '\u2013' or '\u2014')
            {
                if (key.Length > 0 && key[^1] != ' ')
                {
                    key.Append(' ');
                }
            }
            else if (character is not ('\'' or '’' or '.'))
            {
                key.Append(character);
            }
        }

        return key.ToString().Trim();
    }

    private static void Finish(List<string> tokens, StringBuilder token)
    {
        if (token.Length > 0)
        {
            tokens.Add(token.ToString());
            token.Clear();
        }
    }

    private static bool IsWord(string text, int index)
    {
        // The second half of a pair goes where the first one went.
        int start = index > 0 && char.IsSurrogatePair(text, index - 1) ? index - 1 : index;
        return CharUnicodeInfo.GetUnicodeCategory(text, start) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter
            or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
    }

    [GeneratedRegex(@"(?<![\p{L}\p{N}_])([\p{L}\p{N}_]+)-(like|free|style|shaped|themed|looking|inspired)(?![\p{L}\p{N}_])")]
    private static partial Regex Compound();

    [GeneratedRegex(@"(?<![\p{L}\p{N}_])e\.\s?g\.")]
    private static partial Regex ForExample();

    [GeneratedRegex(@"(?<![\p{L}\p{N}_])i\.\s?e\.")]
    private static partial Regex ThatIs();
}

/// <summary>Characters that are another form of plain ones, such as full-width letters: Unicode's compatibility forms
/// as far as they become ASCII, since no other can spell a known word.</summary>
internal sealed class CompatibleCharacters
{
    private readonly Dictionary<int, string> _plain = [];

    /// <exception cref="Inference.ModelLoadException">The table is missing, altered or broken.</exception>
    public static CompatibleCharacters Load(ModelPackage package)
    {
        var characters = new CompatibleCharacters();
        TaxonomyFile.Read(package, "compatibility.tsv", columns: 3, row =>
        {
            int first = int.TryParse(row[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int point) && point is > 0x7F and < 0x110000
                ? point
                : throw row.Broken($"holds '{row[0]}' where a character's number must stand");
            int count = row.Number(1, row[2].Length + 1);
            if (count == 1)
            {
                characters._plain[first] = row[2];
            }

            for (int i = 0; count > 1 && i < count; i++)
            {
                characters._plain[first + i] = row[2][i].ToString();
            }
        });
        return characters;
    }

    /// <summary>The text in lower case, with compatible characters made plain.</summary>
    public string Fold(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.ToLowerInvariant();
        }

        var plain = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = _plain.TryGetValue(rune.Value, out string? form) ? plain.Append(form) : plain.Append(rune.ToString());
        }

        return plain.ToString().ToLowerInvariant();
    }
}
