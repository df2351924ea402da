using SafeVision.VisionLanguage.Tokenizers.Vocabularies;

namespace SafeVision.VisionLanguage.Tokenizers.Readers;

/// <summary>Reads <c>tokenizer.json</c>, the file of huggingface/tokenizers, as far as byte-pair models use it.</summary>
internal static class TokenizerJsonReader
{
    public static TokenizerParts Read(JsonPlace root, bool mayEnd)
    {
        (int? beginning, int? end) = PostProcessorSection.Read(root.Find("post_processor"), mayEnd);
        (Splitters.TextSplitter splitter, bool isByteLevel) = SplitterSection.Read(root.Find("pre_tokenizer"));
        PieceVocabulary vocabulary = ReadModel(root.Get("model"), isByteLevel, mayEnd);
        AddedToken[] added = ReadAddedTokens(root, vocabulary);
        return new TokenizerParts
        {
            AddedTokens = added,
            Normalizer = NormalizerSection.Read(root.Find("normalizer")),
            Splitter = splitter,
            Vocabulary = vocabulary,
            CreateDecoder = DecoderSection.Read(root.Get("decoder")),
            BeginningOfText = beginning,
            EndOfText = end,
        };
    }

    private static BytePairVocabulary ReadModel(JsonPlace model, bool isByteLevel, bool mayEndWords)
    {
        if (model.GetText("type") != "BPE")
        {
            throw model.Get("type").Unknown("this type of model");
        }

        // Pieces that end a word can't be told apart in decoded text, so only what is never decoded may have them.
        foreach (string name in (string[])["dropout", "continuing_subword_prefix", .. mayEndWords ? [] : (string[])["end_of_word_suffix"]])
        {
            if (model.Find(name) is JsonPlace value && value.Element.GetRawText() is not ("\"\"" or "0" or "0.0"))
            {
                throw value.Unknown(name);
            }
        }

        Dictionary<string, int> ids = ReadVocabulary(model.Get("vocab"));
        var options = new BytePairOptions
        {
            IsByteLevel = isByteLevel,
            FallsBackToBytes = model.GetFlag("byte_fallback", false),
            EndOfWord = model.Find("end_of_word_suffix")?.GetText() ?? "",
            IgnoresMerges = model.GetFlag("ignore_merges", false),
            FusesUnknown = model.GetFlag("fuse_unk", false),
            Unknown = model.Find("unk_token") is not JsonPlace unknown ? null
                : ids.TryGetValue(unknown.GetText(), out int id) ? id
                : throw unknown.Wrong("is no piece of the vocabulary"),
        };
        JsonPlace merges = model.Get("merges");
        MergeTable table = MergeReader.Read(ReadMerges(merges), ids);
        return new BytePairVocabulary(ids, table, options);
    }

    /// <summary>The ids of pieces, each once.</summary>
    public static Dictionary<string, int> ReadVocabulary(JsonPlace vocabulary)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        HashSet<int> taken = [];
        foreach ((string piece, JsonPlace value) in vocabulary.Members())
        {
            if (!taken.Add(value.GetId()) || !ids.TryAdd(piece, value.GetId()))
            {
                throw value.Wrong($"the id of {piece} is another piece's too");
            }
        }

        return ids;
    }

    private static IEnumerable<(string Left, string Right, Func<string, Exception> Wrong)> ReadMerges(JsonPlace merges)
    {
        foreach (JsonPlace merge in merges.Items())
        {
            (string Left, string Right)? pair = !merge.IsString ? merge.GetPair()
                : merge.GetText().Split(' ') is [string left, string right] ? (left, right)
                : null;
            yield return pair is var (first, second) ? (first, second, merge.Wrong) : throw merge.Wrong("is no pair");
        }
    }

    private static AddedToken[] ReadAddedTokens(JsonPlace root, PieceVocabulary vocabulary)
    {
        AddedTokenList tokens = new();
        foreach (JsonPlace place in root.Find("added_tokens")?.Items() ?? [])
        {
            AddedToken token = AddedTokenFiles.ReadToken(place, place.Get("id").GetId());
            if (vocabulary.Find(token.Content) is int other && other != token.Id)
            {
                throw place.Wrong($"the vocabulary gives this content the id {other}");
            }

            if (vocabulary.PieceOf(token.Id) is string piece && piece != token.Content)
            {
                throw place.Wrong($"the vocabulary gives this id to {piece}");
            }

            tokens.Add(token, place);
        }

        return tokens.ToArray();
    }
}
