namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>Parts a list into its items, and gives each what is said of several: in "flooded streets and houses" the
/// houses are flooded, too; in "dogs and cats in cages" so are the dogs in cages; in "wine and beer bottles" both are
/// bottles.</summary>
internal sealed class PhraseList(WordClasses classes, PhraseParts parts)
{
    /// <summary>What holds for the item before, too, when it follows an item's thing.</summary>
    private static readonly HashSet<string> s_backward =
        ["in", "on", "at", "with", "being", "wearing", "who", "that", "which", "near", "inside", "without", "used", "shown", "for"];

    /// <summary>Parts at every frame of this kind, and lists at every separator, too.</summary>
    public List<List<Chunk>> Split(List<Chunk> chunks, FrameKind kind)
    {
        var split = new List<List<Chunk>>();
        int start = 0;
        for (int i = 0; i < chunks.Count;)
        {
            int length = kind == FrameKind.Also && chunks[i].Kind == WordClass.Comma ? 1 : classes.Frame(chunks, i, kind);
            bool restricts = length > 0 && chunks[i + length - 1].Text is "not" or "no" // "people not wearing masks"
                && i + length < chunks.Count && chunks[i + length].Kind is WordClass.Verb or WordClass.Relator;
            if (length == 0 || restricts)
            {
                i++;
                continue;
            }

            split.Add(chunks[start..i]);
            start = i += length;
        }

        split.Add(chunks[start..]);
        return split;
    }

    /// <summary>The items of a list, each complete in itself.</summary>
    public List<List<Chunk>> Items(List<Chunk> chunks)
    {
        var items = new List<List<Chunk>>();
        foreach (List<Chunk> part in Split(chunks, FrameKind.Also))
        {
            bool saysSomething = part.Exists(chunk => chunk.Kind is not (WordClass.Comma or WordClass.Neutral or WordClass.Sort or WordClass.Picture));
            if (saysSomething || (items.Count == 0 && part.Exists(chunk => chunk.Kind != WordClass.Comma)))
            {
                items.Add(part);
            }
        }

        for (int i = 0; i + 1 < items.Count; i++)
        {
            if (AreJoined(chunks, items[i], items[i + 1]) && !items[i].Concat(items[i + 1]).Any(chunk => chunk.Text == ","))
            {
                ShareWhatIsSaid(items[i], items[i + 1]);
            }
        }

        for (int i = 0; i + 1 < items.Count; i++)
        {
            ShareThing(chunks, items, i);
        }

        return items;
    }

    /// <summary>Whether two items stand on both sides of a bare "and" or "or".</summary>
    private static bool AreJoined(List<Chunk> chunks, List<Chunk> first, List<Chunk> second)
    {
        (string all, string one, string other) = (Chunk.TextOf(chunks), Chunk.TextOf(first), Chunk.TextOf(second));
        return all.Contains($"{one} and {other}", StringComparison.Ordinal) || all.Contains($"{one} or {other}", StringComparison.Ordinal);
    }

    private void ShareWhatIsSaid(List<Chunk> first, List<Chunk> second)
    {
        Chunk? opening = first.Find(chunk =>
            chunk.Kind is not (WordClass.Neutral or WordClass.Picture or WordClass.Sort or WordClass.Quantity or WordClass.Relator) && !classes.IsShowing(chunk.Text));
        if (opening is { Kind: WordClass.Verb or WordClass.Unknown or WordClass.Alienans or WordClass.Vague }
            && first.Exists(chunk => chunk.Word is not null && chunk != opening) && second[0].Word is not null)
        {
            second.Insert(0, opening); // "flooded streets and houses"
        }

        int cut = -1;
        for (int i = 1; i < second.Count && cut < 0; i++)
        {
            bool follows = second[i - 1].Word is not null
                && (s_backward.Contains(second[i].Text) || (second[i].Kind == WordClass.Verb && !second[i - 1].IsSingular));
            cut = follows ? i : -1;
        }

        if (cut > 0 && !first.Exists(chunk => chunk.Kind is WordClass.Relator or WordClass.Verb))
        {
            first.AddRange(second[cut..]); // "dogs and cats in cages"
        }
    }

    /// <summary>"alcoholic and soft drinks": the first borrows the noun of the second.</summary>
    private void ShareThing(List<Chunk> chunks, List<List<Chunk>> items, int place)
    {
        (List<Chunk> first, List<Chunk> second) = (items[place], items[place + 1]);
        if (!first.Exists(chunk => chunk.Word is not null) && second is [.., { Word: not null }])
        {
            string[] words = [.. first.Select(chunk => chunk.Text), second[^1].LastToken];
            if (parts.Find(words) is { } word)
            {
                items[place] = [new Chunk(string.Join(' ', words), WordClass.Noun, word)];
            }
        }
        else if (AreJoined(chunks, first, second))
        {
            ShareHead(items, place, second);
        }
    }

    /// <summary>"wine and beer bottles": wine bottles; "gun and knife crime": gun crime; "toy and real guns": toy guns.</summary>
    private void ShareHead(List<List<Chunk>> items, int place, List<Chunk> second)
    {
        int length = second.Count;
        while (length > 0 && second[length - 1].Kind is WordClass.Picture or WordClass.Sort)
        {
            length--;
        }

        List<Chunk> first = items[place], rest = second[..length];
        if (first.Count != 1 || rest is not [.., { Kind: WordClass.Noun } head]
            || rest.Exists(chunk => chunk.Kind is WordClass.Relator or WordClass.Verb or WordClass.Quantity))
        {
            return;
        }

        bool afterNoun = rest is [.., { Kind: WordClass.Noun }, _];
        bool makesOther = first[0].Kind is WordClass.Qualify or WordClass.Alienans;
        bool isCompound = head.Text.Contains(' ', StringComparison.Ordinal) || afterNoun || (makesOther && rest.Count > 1);
        if (!isCompound || (!makesOther && !first[0].IsSingular))
        {
            return;
        }

        string last = head.LastToken;
        if (parts.Find([.. first[0].Text.Split(' '), last]) is { } together)
        {
            items[place] = [new Chunk($"{first[0].Text} {last}", WordClass.Noun, together)];
        }
        else if ((makesOther || afterNoun) && parts.Find(last) is { } alone)
        {
            first.Add(new Chunk(last, WordClass.Noun, alone));
        }
    }
}
