using SafeVision.Files;
using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>
/// Makes the inputs of a text tower: a beginning and an end around a text, which is cut to fit, and filled up where the tower
/// wants it so. Thread-safe.
/// </summary>
internal sealed class ContrastiveTokenizer
{
    private readonly TextTokenizer _tokenizer;

    private ContrastiveTokenizer(TextTokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>Reads the tokenizer of a model's folder.</summary>
    /// <exception cref="ModelLoadException">No such file is there, or it asks for what is not known here.</exception>
    public static ContrastiveTokenizer Open(string folder) => new(TextTokenizer.OpenForWholeTexts(folder));

    /// <summary>The ids of a text with beginning and end. Special tokens in it are recognised where no stranger wrote them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">The most ids, at least 2; of a longer text the beginning is kept, and the end token.</param>
    public int[] Encode(PromptText text, int most = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 2);
        int[] ids = _tokenizer.Encode(text);
        int[] beginning = _tokenizer.BeginningOfText is { } first ? [first] : [], end = _tokenizer.EndOfText is { } last ? [last] : [];
        int room = most - beginning.Length - end.Length;
        return [.. beginning, .. ids.Length > room ? ids[..room] : ids, .. end];
    }

    /// <summary>The same filled up to a length.</summary>
    public int[] EncodeFilled(PromptText text, int length, int pad)
    {
        int[] row = new int[length], ids = Encode(text, length);
        ids.CopyTo(row, 0);
        row.AsSpan(ids.Length).Fill(pad);
        return row;
    }
}

/// <summary>
/// Reads <c>spiece.model</c> of SigLIP, a SentencePiece model of the type Unigram, with what transformers' SiglipTokenizer does
/// before it: lower case, no punctuation of ASCII, single spaces; and behind it: <c>&lt;/s&gt;</c>.
/// </summary>
internal static class SiglipReader
{
    private const string FileName = "spiece.model";
    private const string Mark = "\u2581";

    public static TokenizerParts Read(TokenizerFolder folder, byte[] bytes)
    {
        string file = Path.Combine(folder.ToString(), FileName);
        JsonValue? configuration = folder.ReadJson("tokenizer_config.json");
        if (configuration?.Find("tokenizer_class") is JsonValue kind && kind.RequiredText() is not ("SiglipTokenizer" or "SiglipTokenizerFast"))
        {
            throw kind.Unknown($"a {FileName} of this class");
        }

        SentencePieceFile model = SentencePieceFile.ParseUnigram(bytes, file);
        Dictionary<string, int> ids = new(model.Pieces.Count, StringComparer.Ordinal);
        foreach ((int id, SentencePiece piece) in model.Pieces.Index())
        {
            if (!ids.TryAdd(piece.Text, id))
            {
                throw new ModelLoadException($"{file}: the pieces {ids[piece.Text]} and {id} are both {piece.Text}.");
            }
        }

        string end = AddedTokenFiles.ContentOf(configuration?.Find("eos_token")) ?? "</s>";
        string unknown = model.Pieces.First(piece => piece.Kind == SentencePieceKind.Unknown).Text;
        AddedToken[] added =
        [
            .. new[] { end, unknown }.Distinct().Where(ids.ContainsKey).Select(content => new AddedToken(ids[content], content, IsSpecial: true, StripsLeft: true, StripsRight: true)).OrderBy(token => token.Id),
        ];
        List<TextNormalizer> steps = configuration?["do_lower_case"].Flag(true) == false ? [] : [new LowercaseNormalizer()];
        steps.AddRange([new PunctuationNormalizer(), new WhiteSpaceNormalizer(isTrimmed: true)]);
        if (model.CharacterMap.Length > 0)
        {
            steps.Add(ReadMap(model, file));
        }

        steps.AddRange([new WhiteSpaceNormalizer(isTrimmed: true), new ReplaceNormalizer(" ", Mark)]);
        return new TokenizerParts
        {
            AddedTokens = added,
            Normalizer = new SequenceNormalizer(steps),
            Splitter = new PrefixSplitter(Mark[0], onlyAtStart: true),
            Vocabulary = new UnigramVocabulary([.. model.Pieces], ids),
            CreateDecoder = () => new ByteFallbackDecoder(new ByteFallbackRules { Replacements = [(Mark, " ")], DroppedFromFirst = Mark }),
            EndOfText = ids.TryGetValue(end, out int last) ? last : throw new ModelLoadException($"{file}: has no piece {end}, which ends a text."),
        };
    }

    private static CharacterMapNormalizer ReadMap(SentencePieceFile model, string file)
    {
        try
        {
            return CharacterMapNormalizer.Create(model.CharacterMap);
        }
        catch (InvalidDataException exception)
        {
            throw new ModelLoadException($"{file}: {exception.Message}", exception);
        }
    }
}
