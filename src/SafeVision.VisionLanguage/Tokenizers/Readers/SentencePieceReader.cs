using SafeVision.Inference;
using SafeVision.VisionLanguage.Tokenizers.Decoders;
using SafeVision.VisionLanguage.Tokenizers.Normalizers;
using SafeVision.VisionLanguage.Tokenizers.Splitters;
using SafeVision.VisionLanguage.Tokenizers.Vocabularies;

namespace SafeVision.VisionLanguage.Tokenizers.Readers;

/// <summary>
/// Reads <c>tokenizer.model</c>, a SentencePiece model of the type BPE, with the added tokens beside it. As in InternLM2's
/// tokenizer, the text is cut at added tokens, and every other part is a text of its own to SentencePiece.
/// </summary>
internal static class SentencePieceReader
{
    private const string Mark = "\u2581";

    public static TokenizerParts Read(TokenizerFolder folder, byte[] bytes)
    {
        string file = Path.Combine(folder.ToString(), "tokenizer.model");
        SentencePieceFile model = SentencePieceFile.Parse(bytes, file);
        Dictionary<string, int> ids = new(model.Pieces.Count, StringComparer.Ordinal);
        foreach ((int id, SentencePiece piece) in model.Pieces.Index())
        {
            if (!ids.TryAdd(piece.Text, id))
            {
                throw new ModelLoadException($"{file}: the pieces {ids[piece.Text]} and {id} are both {piece.Text}.");
            }
        }

        JsonPlace? configuration = folder.ReadJson("tokenizer_config.json");
        AddedToken[] added = [.. AddedTokenFiles.Read(folder, configuration).Select(token => token with { IsNormalized = false })];
        SentencePieceVocabulary vocabulary = new([.. model.Pieces], ids, model.FallsBackToBytes);
        List<TextNormalizer> steps = [new ReplaceNormalizer(" ", Mark)];
        if (model.AddsDummyPrefix)
        {
            steps.Add(new PrependNormalizer(Mark));
        }

        return new TokenizerParts
        {
            AddedTokens = added,
            Normalizer = new SequenceNormalizer(steps),
            Splitter = new SequenceSplitter([]),
            Vocabulary = vocabulary,
            CreateDecoder = () => new SentencePieceDecoder(vocabulary, model.AddsDummyPrefix, model.UnknownText),
            BeginningOfText = ReadBeginning(configuration, added, model),
            ControlPieces = [.. model.Pieces.Index().Where(entry => entry.Item.Kind == SentencePieceKind.Control).Select(entry => entry.Index)],
        };
    }

    /// <summary>The <c>bos_token</c> unless <c>add_bos_token</c> is false, which it is not by default for these tokenizers.</summary>
    private static int? ReadBeginning(JsonPlace? configuration, AddedToken[] added, SentencePieceFile model)
    {
        if (configuration?.GetFlag("add_bos_token", true) == false)
        {
            return null;
        }

        if (configuration?.GetFlag("add_eos_token", false) == true)
        {
            throw configuration.Value.Get("add_eos_token").Unknown("a token behind the text");
        }

        if (configuration?.Find("bos_token") is JsonPlace place)
        {
            string content = AddedTokenFiles.ContentOf(place)!;
            int piece = model.Pieces.FindIndex(piece => piece.Text == content);
            return added.FirstOrDefault(token => token.Content == content)?.Id ?? (piece >= 0 ? piece : throw place.Wrong("is no token"));
        }

        bool isPiece = model.BeginningId >= 0 && model.BeginningId < model.Pieces.Count;
        return isPiece && model.Pieces[model.BeginningId].Kind == SentencePieceKind.Control ? model.BeginningId : null;
    }
}
