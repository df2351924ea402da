namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>Reads whichever tokenizer a model's folder has.</summary>
internal static class TokenizerReader
{
    /// <exception cref="ModelLoadException">It has none, or one that is malformed or asks for what is not known here.</exception>
    public static TokenizerParts Read(TokenizerFolder folder)
    {
        if (folder.ReadJson("tokenizer.json") is JsonValue json)
        {
            return TokenizerJsonReader.Read(json);
        }

        if (folder.Read("tokenizer.model") is byte[] model)
        {
            return SentencePieceReader.Read(folder, model);
        }

        if (folder.ReadJson("vocab.json") is JsonValue vocabulary)
        {
            return VocabularyAndMergesReader.Read(folder, vocabulary);
        }

        throw new ModelLoadException(
            $"{folder}: there is no tokenizer.json, tokenizer.model or vocab.json (with merges.txt). "
            + "Copy the tokenizer files from where the model was published.");
    }
}

/// <summary>The tokenizer files of a model's folder, each read whole and within limits.</summary>
internal sealed class TokenizerFolder(string path)
{
    public override string ToString() => path;

    /// <summary>The bytes of a file, or null if it is not there.</summary>
    /// <exception cref="ModelLoadException">It cannot be read, or is longer than <see cref="TokenizerLimits.FileBytes"/>.</exception>
    public byte[]? Read(string name)
    {
        string file = Path.Combine(path, name);
        try
        {
            return RegularFile.ReadAllBytes(file, TokenizerLimits.FileBytes);
        }
        catch (FileRefusedException exception) when (exception.Reason == FileRefusalReason.Missing && !Path.Exists(file))
        {
            return null;
        }
        catch (FileRefusedException exception)
        {
            throw new ModelLoadException($"{file}: cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>The root of a JSON file, or null if it is not there.</summary>
    /// <exception cref="ModelLoadException">It cannot be read, is too long, or is no JSON.</exception>
    public JsonValue? ReadJson(string name)
    {
        if (Read(name) is not byte[] bytes)
        {
            return null;
        }

        string file = Path.Combine(path, name);
        return JsonValue.Parse(file, bytes, static (message, cause) => new ModelLoadException(message, cause), root: "$");
    }
}

/// <summary>What a tokenizer file may ask for at most. Published ones stay below a tenth of it.</summary>
internal static class TokenizerLimits
{
    /// <summary>The longest file in bytes.</summary>
    public const int FileBytes = 64 << 20;

    public const int HighestId = (1 << 21) - 1;

    public const int AddedTokens = 1 << 16;

    /// <summary>The longest SentencePiece piece in UTF-16 units; the work to read one grows with the square of it.</summary>
    public const int SentencePieceUnits = 512;
}

/// <summary>What tokenizer files ask of their values.</summary>
internal static class TokenizerValues
{
    /// <summary>An id from 0 to <see cref="TokenizerLimits.HighestId"/>.</summary>
    public static int GetId(this JsonValue value) => value.Exists && value.Json.ValueKind == JsonValueKind.Number && value.Json.TryGetInt32(out int id) && id is >= 0 and <= TokenizerLimits.HighestId
        ? id
        : throw value.Invalid($"is no id from 0 to {TokenizerLimits.HighestId}");

    /// <summary>True or false; <paramref name="absent"/> where it is missing.</summary>
    public static bool Flag(this JsonValue value, bool absent) => !value.Exists || value.Json.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.Boolean(absent)
        : throw value.Invalid("is neither true nor false");

    /// <summary>The two texts of a list of two, or null if it is no such list.</summary>
    public static (string First, string Second)? GetPair(this JsonValue value)
    {
        JsonValue[] items = [.. value.Items()];
        return items.Length != 2 ? null : (Text(items[0]), Text(items[1]));

        static string Text(JsonValue item) => item.IsText ? item.RequiredText() : throw item.Invalid("is not a text");
    }

    /// <summary>An error that says that the file asks for what is not known here.</summary>
    public static Exception Unknown(this JsonValue value, string what) => value.Invalid($"{what} is not supported by this tokenizer reader");
}

/// <summary>Reads <c>vocab.json</c> with <c>merges.txt</c>, the byte-level files of GPT-2 and Qwen2. They do not say how words are
/// found; the tokenizer's class in <c>tokenizer_config.json</c> does.</summary>
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
        var pieces = new BytePairVocabulary(ids, MergeTable.From(ReadMerges(folder), ids), new BytePairOptions { IsByteLevel = true });
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
