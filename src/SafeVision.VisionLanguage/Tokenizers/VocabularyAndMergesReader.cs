using SafeVision.Files;
using System.Text;
using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>
/// Reads <c>vocab.json</c> with <c>merges.txt</c>, the byte-level files of GPT-2 and Qwen2. They do not say how words are
/// found; the tokenizer's class in <c>tokenizer_config.json</c> does.
/// </summary>
internal static class VocabularyAndMergesReader
{
    public static TokenizerParts Read(TokenizerFolder folder, JsonValue vocabulary)
    {
        JsonValue configuration = folder.ReadJson("tokenizer_config.json")
            ?? throw new ModelLoadException($"{folder}: vocab.json needs tokenizer_config.json beside it, which says by what rules words are found.");
        (WordPattern pattern, TextNormalizer[] steps) = configuration.Get("tokenizer_class").RequiredText() switch
        {
            "Qwen2Tokenizer" or "Qwen2TokenizerFast" => (WordPattern.Qwen2, new TextNormalizer[] { new CanonicalNormalizer(composes: true) }),
            "GPT2Tokenizer" or "GPT2TokenizerFast" => (WordPattern.Gpt2, []),
            _ => throw configuration.Get("tokenizer_class").Unknown("a vocab.json of this class"),
        };
        if (configuration["add_prefix_space"].Flag(false))
        {
            throw configuration.Get("add_prefix_space").Unknown("add_prefix_space");
        }

        Dictionary<string, int> ids = TokenizerJsonReader.ReadVocabulary(vocabulary);
        var pieces = new BytePairVocabulary(ids, MergeReader.Read(ReadMerges(folder), ids), new BytePairOptions { IsByteLevel = true });
        AddedToken[] added = AddedTokenFiles.Read(folder, configuration);
        return new TokenizerParts
        {
            AddedTokens = added,
            Normalizer = new SequenceNormalizer(steps),
            Splitter = new WordSplitter(pattern),
            Vocabulary = pieces,
            CreateDecoder = static () => new ByteLevelDecoder(),
            BeginningOfText = configuration["add_bos_token"].Flag(false) ? BeginningOf(configuration, added) : null,
        };
    }

    private static int BeginningOf(JsonValue configuration, AddedToken[] added)
    {
        JsonValue place = configuration.Get("bos_token");
        string? content = AddedTokenFiles.ContentOf(place);
        return added.FirstOrDefault(token => token.Content == content)?.Id ?? throw place.Invalid("is no added token");
    }

    private static IEnumerable<(string Left, string Right, Func<string, Exception> Wrong)> ReadMerges(TokenizerFolder folder)
    {
        byte[] bytes = folder.Read("merges.txt") ?? throw new ModelLoadException($"{folder}: vocab.json needs merges.txt beside it, but there is none.");
        using StreamReader reader = new(new MemoryStream(bytes), Encoding.UTF8);
        for (int line = 1; reader.ReadLine() is string text; line++)
        {
            if (text.Length == 0 || (line == 1 && text.StartsWith("#version", StringComparison.Ordinal)))
            {
                continue;
            }

            int number = line;
            Exception Wrong(string what) => new ModelLoadException($"{Path.Combine(folder.ToString(), "merges.txt")}: line {number}: {what}.");
            string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            yield return parts.Length == 2 ? (parts[0], parts[1], Wrong) : throw Wrong("is no pair");
        }
    }
}

/// <summary>Looks up the merges of a byte-pair vocabulary.</summary>
internal static class MergeReader
{
    /// <param name="merges">The pairs in the order in which they are applied, each with what makes an error about it.</param>
    /// <param name="ids">The vocabulary.</param>
    public static MergeTable Read(IEnumerable<(string Left, string Right, Func<string, Exception> Wrong)> merges, Dictionary<string, int> ids)
    {
        MergeTable table = new(ids.Count);
        int rank = 0;
        foreach ((string left, string right, Func<string, Exception> wrong) in merges)
        {
            int whole = ids.TryGetValue(left + right, out int id) ? id : throw wrong($"the vocabulary has no {left + right}");
            table.Add(Require(left), Require(right), rank++, whole);

            int Require(string piece) => ids.TryGetValue(piece, out int found) ? found : throw wrong($"the vocabulary has no {piece}");
        }

        return table;
    }
}
