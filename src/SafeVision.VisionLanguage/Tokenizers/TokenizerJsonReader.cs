namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>Reads <c>tokenizer.json</c>, the file of huggingface/tokenizers, as far as byte-pair models use it.</summary>
internal static class TokenizerJsonReader
{
    public static TokenizerParts Read(JsonValue root)
    {
        (TextSplitter splitter, bool isByteLevel) = SplitterSection.Read(root.Find("pre_tokenizer"));
        PieceVocabulary vocabulary = ReadModel(root.Get("model"), isByteLevel);
        AddedToken[] added = ReadAddedTokens(root, vocabulary);
        return new TokenizerParts
        {
            AddedTokens = added,
            Normalizer = NormalizerSection.Read(root.Find("normalizer")),
            Splitter = splitter,
            Vocabulary = vocabulary,
            CreateDecoder = DecoderSection.Read(root.Get("decoder")),
            BeginningOfText = PostProcessorSection.Read(root.Find("post_processor")),
        };
    }

    private static BytePairVocabulary ReadModel(JsonValue model, bool isByteLevel)
    {
        if (model.Get("type").RequiredText() != "BPE")
        {
            throw model.Get("type").Unknown("this type of model");
        }

        // Pieces that end a word can't be told apart in decoded text.
        foreach (string name in (string[])["dropout", "continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.Find(name) is JsonValue value && value.Json.GetRawText() is not ("\"\"" or "0" or "0.0"))
            {
                throw value.Unknown(name);
            }
        }

        Dictionary<string, int> ids = ReadVocabulary(model.Get("vocab"));
        var options = new BytePairOptions
        {
            IsByteLevel = isByteLevel,
            FallsBackToBytes = model["byte_fallback"].Flag(false),
            IgnoresMerges = model["ignore_merges"].Flag(false),
            FusesUnknown = model["fuse_unk"].Flag(false),
            Unknown = model.Find("unk_token") is not JsonValue unknown ? null
                : ids.TryGetValue(unknown.RequiredText(), out int id) ? id
                : throw unknown.Invalid("is no piece of the vocabulary"),
        };
        return new BytePairVocabulary(ids, MergeTable.From(ReadMerges(model.Get("merges")), ids), options);
    }

    /// <summary>The ids of pieces, each once.</summary>
    public static Dictionary<string, int> ReadVocabulary(JsonValue vocabulary)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        HashSet<int> taken = [];
        foreach ((string piece, JsonValue value) in vocabulary.Members())
        {
            if (!taken.Add(value.GetId()) || !ids.TryAdd(piece, value.GetId()))
            {
                throw value.Invalid($"the id of {piece} is another piece's too");
            }
        }

        return ids;
    }

    private static IEnumerable<(string Left, string Right, Func<string, Exception> Wrong)> ReadMerges(JsonValue merges)
    {
        foreach (JsonValue merge in merges.Items())
        {
            (string Left, string Right)? pair = !merge.IsText ? merge.GetPair()
                : merge.RequiredText().Split(' ') is [string left, string right] ? (left, right)
                : null;
            yield return pair is var (first, second) ? (first, second, merge.Invalid) : throw merge.Invalid("is no pair");
        }
    }

    private static AddedToken[] ReadAddedTokens(JsonValue root, PieceVocabulary vocabulary)
    {
        AddedTokenList tokens = new();
        foreach (JsonValue place in root.Find("added_tokens")?.Items() ?? [])
        {
            AddedToken token = AddedTokenFiles.ReadToken(place, place.Get("id").GetId());
            if (vocabulary.Find(token.Content) is int other && other != token.Id)
            {
                throw place.Invalid($"the vocabulary gives this content the id {other}");
            }

            if (vocabulary.PieceOf(token.Id) is string piece && piece != token.Content)
            {
                throw place.Invalid($"the vocabulary gives this id to {piece}");
            }

            tokens.Add(token, place);
        }

        return tokens.ToArray();
    }
}

/// <summary>Reads the normalizer of <c>tokenizer.json</c>.</summary>
internal static class NormalizerSection
{
    public static TextNormalizer Read(JsonValue? section) =>
        new SequenceNormalizer([.. section is JsonValue place ? Steps(place) : []]);

    private static IEnumerable<TextNormalizer> Steps(JsonValue place) => place.Get("type").RequiredText() switch
    {
        "Sequence" => place.Get("normalizers").Items().SelectMany(Steps),
        "NFC" => [new CanonicalNormalizer(composes: true)],
        "NFD" => [new CanonicalNormalizer(composes: false)],
        "Lowercase" => [new LowercaseNormalizer()],
        "Prepend" => place.Get("prepend").RequiredText() is { Length: > 0 } prefix ? [new PrependNormalizer(prefix)] : [],
        "Replace" => [new ReplaceNormalizer(PatternOf(place), place.Get("content").RequiredText())],
        _ => throw place.Unknown("this normalizer"),
    };

    /// <summary>The text that a Replace looks for.</summary>
    public static string PatternOf(JsonValue replace)
    {
        JsonValue pattern = replace.Get("pattern");
        return pattern.Find("String")?.RequiredText() is { Length: > 0 } text ? text : throw pattern.Unknown("this pattern");
    }
}

/// <summary>Reads the post-processor of <c>tokenizer.json</c>, which says what is put in front of a text.</summary>
internal static class PostProcessorSection
{
    /// <summary>The one id that is put in front; null: none. Nothing may be put behind a text, for a prompt must stay open.</summary>
    public static int? Read(JsonValue? section)
    {
        if (section is not JsonValue place)
        {
            return null;
        }

        switch (place.Get("type").RequiredText())
        {
            case "ByteLevel": // it only mends the offsets of words
                return null;

            case "Sequence":
                int[] found = [.. place.Get("processors").Items().Select(part => Read(part)).OfType<int>()];
                return found.Length switch { 0 => null, 1 => found[0], _ => throw place.Unknown("more than one template") };

            case "TemplateProcessing":
                JsonValue template = place.Get("single");
                return template.Items().ToArray() switch
                {
                    [var text] when IsText(text) => null,
                    [var first, var text] when !IsText(first) && IsText(text) => ReadToken(place, first),
                    _ => throw template.Unknown("a template other than at most one token and the text"),
                };

            default:
                throw place.Unknown("this post-processor");
        }

        static bool IsText(JsonValue part) => part.Find("Sequence") is not null;
    }

    private static int ReadToken(JsonValue place, JsonValue part)
    {
        JsonValue name = part.Get("SpecialToken").Get("id");
        JsonValue ids = place.Get("special_tokens").Get(name.RequiredText()).Get("ids");
        JsonValue[] each = [.. ids.Items()];
        return each.Length == 1 ? each[0].GetId() : throw ids.Unknown("a special token of several ids");
    }
}

/// <summary>Reads the decoder of <c>tokenizer.json</c>.</summary>
internal static class DecoderSection
{
    public static Func<PieceDecoder> Read(JsonValue section)
    {
        JsonValue[] steps = [.. Flatten(section)];
        string? type = steps is [JsonValue only] ? only.Get("type").RequiredText() : null;
        if (type == "ByteLevel")
        {
            return () => new ByteLevelDecoder();
        }

        ByteFallbackRules rules = type == "Metaspace" ? ReadMetaspace(steps[0]) : ReadSteps(steps);
        return () => new ByteFallbackDecoder(rules);
    }

    private static ByteFallbackRules ReadMetaspace(JsonValue metaspace)
    {
        string mark = metaspace.Get("replacement").RequiredText();
        return new()
        {
            Replacements = mark.Length > 0 ? [(mark, " ")] : throw metaspace.Invalid("the replacement is empty"),
            DroppedFromFirst = SplitterSection.PrependScheme(metaspace) == "never" ? null : mark,
        };
    }

    private static IEnumerable<JsonValue> Flatten(JsonValue place) =>
        place.Get("type").RequiredText() == "Sequence" ? place.Get("decoders").Items().SelectMany(Flatten) : [place];

    /// <summary>Replace, as often as it comes, then ByteFallback, Fuse and Strip, each at most once and in this order.</summary>
    private static ByteFallbackRules ReadSteps(JsonValue[] steps)
    {
        ByteFallbackRules rules = new();
        int stage = 0;
        foreach (JsonValue step in steps)
        {
            string type = step.Get("type").RequiredText();
            int next = type switch { "Replace" => 0, "ByteFallback" => 1, "Fuse" => 2, "Strip" => 3, _ => -1 };
            if (next < stage || (next == stage && next > 0) || (next == 3 && stage != 2))
            {
                throw step.Unknown("this decoder at this place");
            }

            stage = next;
            rules = next switch
            {
                0 => rules with { Replacements = [.. rules.Replacements, (NormalizerSection.PatternOf(step), step.Get("content").RequiredText())] },
                1 => rules with { JoinsBytes = true },
                3 => ReadStrip(step, rules),
                _ => rules,
            };
        }

        return rules;
    }

    private static ByteFallbackRules ReadStrip(JsonValue step, ByteFallbackRules rules)
    {
        string content = step.Get("content").RequiredText();
        bool isKnown = content.Length == 1 && step.Get("stop").GetId() == 0;
        return isKnown ? rules with { Stripped = content[0], StrippedCount = step.Get("start").GetId() } : throw step.Unknown("this strip");
    }
}
