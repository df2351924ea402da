namespace SafeVision.Training.Networks;

/// <summary>A tokenizer in which each known word is one token, in the form of tokenizer.json.</summary>
internal static class WordTokenizer
{
    /// <summary>Bytes first, so that any text can be read, then words that stand alone, then the words that follow a blank.</summary>
    /// <param name="words">Each with the blank before it.</param>
    /// <param name="alone">Words that stand right behind a mark.</param>
    /// <exception cref="ArgumentException">A word holds white space.</exception>
    public static Dictionary<string, int> Vocabulary(IEnumerable<string> words, params string[] alone)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        int shifted = 0;
        for (int value = 0; value < 256; value++)
        {
            bool isPlain = value is (>= '!' and <= '~') or (>= 0xa1 and <= 0xac) or (>= 0xae and <= 0xff); // GPT-2's alphabet of bytes
            vocabulary[((char)(isPlain ? value : 256 + shifted++)).ToString()] = vocabulary.Count;
        }

        foreach (string word in alone)
        {
            vocabulary[word] = vocabulary.Count;
        }

        foreach (string word in words)
        {
            if (word.Length == 0 || word.Any(letter => letter is <= ' ' or > '~'))
            {
                throw new ArgumentException($"'{word}' is no word of plain letters.", nameof(words));
            }

            vocabulary.TryAdd($"\u0120{word}", vocabulary.Count);
        }

        return vocabulary;
    }

    /// <summary>The content of tokenizer.json.</summary>
    /// <param name="vocabulary">From <see cref="Vocabulary"/>; the marks' ids follow.</param>
    /// <param name="marks">Control tokens.</param>
    /// <param name="pattern">The regular expression that cuts text into words; null: it is cut before every blank.</param>
    public static JsonObject Json(Dictionary<string, int> vocabulary, IEnumerable<string> marks, string? pattern)
    {
        static JsonObject byteLevel() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false, ["use_regex"] = false };
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. marks.Select((mark, i) => (JsonNode)new JsonObject
            {
                ["id"] = vocabulary.Count + i,
                ["content"] = mark,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            })]),
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { [pattern is null ? "String" : "Regex"] = pattern ?? " " }, ["behavior"] = pattern is null ? "MergedWithNext" : "Isolated", ["invert"] = false },
                    byteLevel()),
            },
            ["post_processor"] = byteLevel(),
            ["decoder"] = byteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = true, // a word that stands in the vocabulary is its token
                ["vocab"] = new JsonObject(vocabulary.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value))),
                ["merges"] = new JsonArray(),
            },
        };
    }
}
