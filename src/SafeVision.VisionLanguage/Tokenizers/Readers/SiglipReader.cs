using SafeVision.Inference;
using SafeVision.VisionLanguage.Tokenizers.Decoders;
using SafeVision.VisionLanguage.Tokenizers.Normalizers;
using SafeVision.VisionLanguage.Tokenizers.Splitters;
using SafeVision.VisionLanguage.Tokenizers.Vocabularies;

namespace SafeVision.VisionLanguage.Tokenizers.Readers;

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
        JsonPlace? configuration = folder.ReadJson("tokenizer_config.json");
        if (configuration?.Find("tokenizer_class") is JsonPlace kind && kind.GetText() is not ("SiglipTokenizer" or "SiglipTokenizerFast"))
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
        List<TextNormalizer> steps = configuration?.GetFlag("do_lower_case", true) == false ? [] : [new LowercaseNormalizer()];
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
