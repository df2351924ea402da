namespace SafeVision.VisionLanguage.Protocols;

/// <summary>A policy's words as they stand in a prompt. A policy keeps each text on one line, and prompts begin no line
/// with one; what is left are the marks that guards' prompts are structured by, and those are written so that they are
/// none: tags (<c>&lt;answer&gt;</c>), headings (<c>##</c>), rules (<c>---</c>), bold fields (<c>**</c>), fields in
/// brackets (<c>[user]</c>) and a parenthesis without its other half, which could close a prompt's own. Control tokens
/// need no such care: the tokenizer recognises none in a stranger's words.</summary>
internal static partial class PolicyWords
{
    /// <summary>The text with its marks made harmless; most texts have none and stay as they are.</summary>
    public static string Inert(string text)
    {
        text = Tag().Replace(text, static tag => $"‹{tag.ValueSpan[1..].TrimEnd('>')}{(tag.ValueSpan[^1] == '>' ? "›" : "")}");
        text = Bracketed().Replace(text, "($1)");
        text = Rule().Replace(text, static rule => rule.Value[..1]);
        return Paired(Heading().Replace(text, ""));
    }

    private static string Paired(string text)
    {
        var open = new Stack<int>();
        char[]? units = null;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '(')
            {
                open.Push(i);
            }
            else if (text[i] == ')' && !open.TryPop(out _))
            {
                (units ??= text.ToCharArray())[i] = '›';
            }
        }

        foreach (int i in open)
        {
            (units ??= text.ToCharArray())[i] = '‹';
        }

        return units is null ? text : new string(units);
    }

    // A tag need not be closed: what closes it may be the prompt's own.
    [GeneratedRegex(@"<[/!?]?[\p{L}_][^<>]*>?", RegexOptions.CultureInvariant)]
    private static partial Regex Tag();

    [GeneratedRegex(@"\[(/?[\p{L}_][^\[\]]*)\]", RegexOptions.CultureInvariant)]
    private static partial Regex Bracketed();

    [GeneratedRegex(@"-{3,}|={3,}|_{3,}|~{3,}|`{3,}|\*{2,}|#{2,}", RegexOptions.CultureInvariant)]
    private static partial Regex Rule();

    [GeneratedRegex(@"^(?:#+ )+", RegexOptions.CultureInvariant)]
    private static partial Regex Heading();
}
