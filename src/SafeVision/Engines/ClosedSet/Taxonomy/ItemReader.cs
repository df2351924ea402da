namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>Reads one item of a phrase: a thing and what is said about it.</summary>
internal sealed class ItemReader(Vocabulary vocabulary)
{
    private readonly WordClasses _classes = vocabulary.Taxonomy.Classes;
    private readonly WordReach _reach = new(vocabulary);
    private readonly SpellingHints _spelling = new(vocabulary);

    /// <param name="insideRelation">Whether an item before it ended in a relation that goes on here.</param>
    public PhraseReading Read(List<Chunk> item, bool insideRelation)
    {
        string whole = Chunk.TextOf(item);
        var vague = new List<string>();
        List<Chunk> chunks = WithoutFrames(item, vague);
        int end = EndOfThing(chunks);
        List<Chunk> before = chunks[..end], after = chunks[end..];
        Chunk? head = before.FindLast(chunk => chunk is { Word: not null, Kind: not WordClass.Vague }); // "safe images" are no strongboxes
        if (head is null && !after.Exists(chunk => chunk.Word is not null))
        {
            return Unknown(whole, chunks);
        }

        List<Chunk> around = before.FindAll(chunk => chunk != head);
        if (around.Exists(chunk => chunk.Kind == WordClass.Alienans))
        {
            PhraseReading other = Restricted(whole, isOpen: false);
            other.Near = head is null ? other.Near : _reach.Of(head.Word!).Labels.Copy();
            other.Notes.Add($"'{whole}' is not one of the things it resembles");
            return other;
        }

        vague.AddRange(around.Where(chunk => chunk.Kind == WordClass.Vague).Select(chunk => chunk.Text));
        bool isRestricted = around.Exists(chunk => chunk.Kind is not (WordClass.Vague or WordClass.Neutral)) || after.Count > 0;
        return isRestricted || head is null || insideRelation
            ? ReadTelling(whole, chunks, head, around, after)
            : ReadPlain(whole, head.Word!, vague);
    }

    /// <summary>Nothing but the thing: its labels and coverage, and with vague words a part of it at most.</summary>
    private PhraseReading ReadPlain(string whole, Word word, List<string> vague)
    {
        PhraseReading reading = _reach.Of(word).Copy();
        reading.Near = reading.Labels.Copy();
        if (reading.Coverage == CoverageLevel.None)
        {
            reading.NotJudged = [whole];
        }
        else if (vague.Count > 0)
        {
            (reading.Coverage, reading.NotJudged, reading.IsPlain) = (CoverageLevel.Partial, vague, false);
        }

        return reading;
    }

    /// <summary>More is said of it than labels can show, so that only things count which tell what the phrase is about.</summary>
    private PhraseReading ReadTelling(string whole, List<Chunk> chunks, Chunk? head, List<Chunk> around, List<Chunk> after)
    {
        PhraseReading reading = Restricted(whole, isOpen: after.Count > 0);
        if (head is not null)
        {
            PhraseReading own = _reach.Of(head.Word!);
            reading.Near.UnionWith(own.Labels);
            reading.Near.UnionWith(own.Wider);
        }

        // "glue guns" are no guns, for a compound is seldom a kind of its first noun; "hunting rifles" are rifles.
        bool isCompound = around.Exists(chunk => chunk.Kind is WordClass.Noun or WordClass.Unknown);
        List<Chunk> named = head is null || isCompound ? [] : [head];
        if (named is not [{ } thing] || !IsTelling(thing))
        {
            int stop = after.FindIndex(chunk => chunk.Text is "without" or "no" or "not");
            stop = stop < 0 ? after.Count : stop;
            named.AddRange(after.Take(stop).Where((chunk, i) => chunk.Word is not null && !(i > 0 && after[i - 1].Kind == WordClass.Alienans)));
        }

        foreach (PhraseReading told in named.Where(IsTelling).Select(chunk => _reach.Of(chunk.Word!)))
        {
            reading.Labels.UnionWith(told.Labels);
            reading.Why.AddRange(told.Why);
            reading.Missing.AddRange(told.Missing);
        }

        if (!reading.Labels.IsEmpty)
        {
            reading.Coverage = CoverageLevel.Partial;
            reading.NotJudged = [string.Join(' ', chunks.Where(chunk => !IsTelling(chunk)).Select(chunk => chunk.Text))];
        }
        else if (named.Find(chunk => !_reach.Of(chunk.Word!).Labels.IsEmpty) is { } known)
        {
            reading.KnownThing = known.Word!.Key;
            reading.Notes.Add($"'{known.Word.Key}' is known, but not '{whole}'");
        }

        return reading;
    }

    /// <summary>Leaves out what only says that something is shown: "any kind of", "pictures of", "heaps of", "depicting", "gun images".</summary>
    private List<Chunk> WithoutFrames(List<Chunk> item, List<string> vague)
    {
        List<Chunk> chunks = item.FindAll(chunk => chunk.Kind != WordClass.Comma);
        int start = 0;
        while (start < chunks.Count && SkipFrame(chunks, start, vague) is var next && next > start)
        {
            start = next;
        }

        chunks = chunks[start..];
        while (chunks is [_, .., { Kind: WordClass.Picture or WordClass.Sort }])
        {
            do
            {
                chunks.RemoveAt(chunks.Count - 1);
            }
            while (chunks.Count > 1 && (chunks[^1].Kind == WordClass.Neutral || chunks[^1].Text is "in" or "on" or "of" or "within" or "inside"));
        }

        return chunks;
    }

    private int SkipFrame(List<Chunk> chunks, int start, List<string> vague)
    {
        if (chunks[start].Kind == WordClass.Neutral || chunks[start].Text == "of")
        {
            return start + 1;
        }

        int lead = start;
        while (lead < chunks.Count && chunks[lead].Kind is WordClass.Neutral or WordClass.Vague)
        {
            lead++;
        }

        bool leads = lead < chunks.Count && chunks[lead].Kind is WordClass.Picture or WordClass.Sort or WordClass.Quantity;
        int length = leads ? _classes.Frame(chunks, lead + 1, FrameKind.Show) : 0;
        if (length > 0 && chunks.Count > lead + 1 + length)
        {
            vague.AddRange(chunks[start..lead].Where(chunk => chunk.Kind == WordClass.Vague).Select(chunk => chunk.Text));
            vague.AddRange(chunks[lead].Kind == WordClass.Quantity ? [chunks[lead].Text] : []);
            return lead + 1 + length;
        }

        length = chunks[start].Word is null ? _classes.Frame(chunks, start, FrameKind.Show) : 0;
        return chunks.Count > start + length ? start + length : start;
    }

    /// <summary>Where the thing ends and what is said about it begins: at a relator, or a verb behind a noun.</summary>
    private static int EndOfThing(List<Chunk> chunks)
    {
        bool hasNoun = false;
        for (int i = 0; i < chunks.Count; i++)
        {
            if (chunks[i].Kind == WordClass.Relator || (hasNoun && IsParticiple(chunks, i)))
            {
                return i;
            }

            hasNoun |= chunks[i].Word is not null;
        }

        return chunks.Count;
    }

    /// <summary>"cats fighting", "a person holding": a participle; "rescue training": a noun made of two.</summary>
    private static bool IsParticiple(List<Chunk> chunks, int place) =>
        chunks[place].Kind == WordClass.Verb
        && (place + 1 < chunks.Count || chunks[place - 1].LastToken != chunks[place - 1].Word?.Key.Split(' ')[^1]);

    private PhraseReading Unknown(string whole, List<Chunk> chunks)
    {
        PhraseReading reading = Restricted(whole, isOpen: false);
        reading.Suggestions = _spelling.For(string.Join(' ', chunks.Select(chunk => chunk.Text)));
        reading.Notes.Add($"no known word in '{whole}'");
        return reading;
    }

    private PhraseReading Restricted(string whole, bool isOpen)
    {
        PhraseReading reading = PhraseReading.Empty(vocabulary);
        (reading.NotJudged, reading.IsPlain, reading.IsOpen) = ([whole], false, isOpen);
        return reading;
    }

    private bool IsTelling(Chunk chunk) => chunk.Word is { } word && vocabulary.IsTelling(word);
}
