using Google.Protobuf;
using FieldReaders = System.Collections.Generic.Dictionary<(int Number, Google.Protobuf.WireFormat.WireType Type), System.Action<Google.Protobuf.CodedInputStream>>;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>Reads <c>tokenizer.model</c>, a SentencePiece model of the type BPE, with the added tokens beside it. As in InternLM2's
/// tokenizer, the text is cut at added tokens, and every other part is a text of its own to SentencePiece.</summary>
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

        JsonValue? configuration = folder.ReadJson("tokenizer_config.json");
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
    private static int? ReadBeginning(JsonValue? configuration, AddedToken[] added, SentencePieceFile model)
    {
        if (configuration?["add_bos_token"].Flag(true) == false)
        {
            return null;
        }

        if (configuration?["add_eos_token"].Flag(false) == true)
        {
            throw configuration.Value.Get("add_eos_token").Unknown("a token behind the text");
        }

        if (configuration?.Find("bos_token") is JsonValue place)
        {
            string content = AddedTokenFiles.ContentOf(place)!;
            int piece = model.Pieces.FindIndex(piece => piece.Text == content);
            return added.FirstOrDefault(token => token.Content == content)?.Id ?? (piece >= 0 ? piece : throw place.Invalid("is no token"));
        }

        bool isPiece = model.BeginningId >= 0 && model.BeginningId < model.Pieces.Count;
        return isPiece && model.Pieces[model.BeginningId].Kind == SentencePieceKind.Control ? model.BeginningId : null;
    }
}

/// <summary>What of a SentencePiece model file is used. Field numbers and defaults are those of sentencepiece_model.proto.</summary>
internal sealed class SentencePieceFile
{
    private const int BytePairType = 2;

    private readonly FieldReaders _pieceFields;
    private int _modelType = 1;
    private bool _hasCharacterMap;
    private bool _removesExtraSpaces = true;
    private bool _marksSpaces = true;
    private bool _spaceIsSuffix;
    private (string Text, float Score, int Kind) _piece;

    private SentencePieceFile() => _pieceFields = PieceFields();

    public List<SentencePiece> Pieces { get; } = [];
    public bool FallsBackToBytes { get; private set; }
    public bool AddsDummyPrefix { get; private set; } = true;
    public string UnknownText { get; private set; } = " \u2047 ";
    public int BeginningId { get; private set; } = 1;

    /// <exception cref="ModelLoadException">It is no such model, or of another type than BPE, or normalises text.</exception>
    public static SentencePieceFile Parse(byte[] bytes, string file)
    {
        SentencePieceFile model = new();
        try
        {
            using CodedInputStream input = new(bytes);
            ReadFields(input, new()
            {
                [(1, WireFormat.WireType.LengthDelimited)] = part => model.AddPiece(part.ReadBytes()),
                [(2, WireFormat.WireType.LengthDelimited)] = part => ReadMessage(part.ReadBytes(), model.TrainerFields()),
                [(3, WireFormat.WireType.LengthDelimited)] = part => ReadMessage(part.ReadBytes(), model.NormalizerFields()),
            });
            model.CheckBytePairs();
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidDataException)
        {
            throw new ModelLoadException($"{file}: {exception.Message} A SentencePiece model of the type BPE without text normalisation is expected.", exception);
        }

        return model;
    }

    private static void ReadMessage(ByteString message, FieldReaders fields)
    {
        using CodedInputStream input = message.CreateCodedInput();
        ReadFields(input, fields);
    }

    /// <summary>Reads the fields that are wanted and skips all others.</summary>
    private static void ReadFields(CodedInputStream input, FieldReaders fields)
    {
        while (input.ReadTag() is > 0 and uint tag)
        {
            if (fields.TryGetValue((WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag)), out Action<CodedInputStream>? take))
            {
                take(input);
            }
            else
            {
                input.SkipLastField();
            }
        }
    }

    private FieldReaders PieceFields() => new()
    {
        [(1, WireFormat.WireType.LengthDelimited)] = input => _piece.Text = input.ReadString(),
        [(2, WireFormat.WireType.Fixed32)] = input => _piece.Score = input.ReadFloat(),
        [(3, WireFormat.WireType.Varint)] = input => _piece.Kind = input.ReadEnum(),
    };

    private FieldReaders TrainerFields() => new()
    {
        [(3, WireFormat.WireType.Varint)] = input => _modelType = input.ReadEnum(),
        [(24, WireFormat.WireType.Varint)] = input => _spaceIsSuffix = input.ReadBool(),
        [(35, WireFormat.WireType.Varint)] = input => FallsBackToBytes = input.ReadBool(),
        [(41, WireFormat.WireType.Varint)] = input => BeginningId = input.ReadInt32(),
        [(44, WireFormat.WireType.LengthDelimited)] = input => UnknownText = input.ReadString(),
    };

    private FieldReaders NormalizerFields() => new()
    {
        [(2, WireFormat.WireType.LengthDelimited)] = input => _hasCharacterMap = input.ReadBytes().Length > 0,
        [(3, WireFormat.WireType.Varint)] = input => AddsDummyPrefix = input.ReadBool(),
        [(4, WireFormat.WireType.Varint)] = input => _removesExtraSpaces = input.ReadBool(),
        [(5, WireFormat.WireType.Varint)] = input => _marksSpaces = input.ReadBool(),
    };

    private void AddPiece(ByteString message)
    {
        _piece = ("", 0f, (int)SentencePieceKind.Normal);
        ReadMessage(message, _pieceFields);
        (string text, float score, int kind) = _piece;
        if (Pieces.Count > TokenizerLimits.HighestId || text.Length is 0 or > TokenizerLimits.SentencePieceUnits || !float.IsFinite(score)
            || kind is < (int)SentencePieceKind.Normal or > (int)SentencePieceKind.Byte)
        {
            throw new InvalidDataException($"The piece {Pieces.Count} (of {text.Length} characters, score {score}, type {kind}) is not valid.");
        }

        Pieces.Add(new SentencePiece(text, score, (SentencePieceKind)kind));
    }

    private void CheckBytePairs()
    {
        if (_modelType != BytePairType || _hasCharacterMap || _removesExtraSpaces || !_marksSpaces || _spaceIsSuffix)
        {
            throw new InvalidDataException(
                $"The model has the type {_modelType}, normalisation {_hasCharacterMap}, remove_extra_whitespaces {_removesExtraSpaces}, "
                + $"escape_whitespaces {_marksSpaces}, treat_whitespace_as_suffix {_spaceIsSuffix}; only type 2 with false, false, true, false is known.");
        }

        if (Pieces.Count(piece => piece.Kind == SentencePieceKind.Unknown) != 1)
        {
            throw new InvalidDataException("The model does not have exactly one piece for what is unknown.");
        }

        HashSet<string> bytes = [.. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")];
        foreach (SentencePiece piece in Pieces)
        {
            if (piece.Kind == SentencePieceKind.Byte ? !bytes.Remove(piece.Text)
                : piece.Kind == SentencePieceKind.UserDefined && piece.Text.Length > ContentTrie.LongestContent)
            {
                throw new InvalidDataException($"The piece {piece.Text} is not a valid piece of the type {piece.Kind}.");
            }
        }

        if (FallsBackToBytes && bytes.Count > 0)
        {
            throw new InvalidDataException($"The model falls back to bytes, but lacks the piece {bytes.First()}.");
        }
    }
}
