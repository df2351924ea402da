using System.Globalization;
using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers.Vocabularies;

/// <summary>Byte-pair encoding as <c>BPE</c> of huggingface/tokenizers does it (models/bpe/model.rs).</summary>
/// <remarks>
/// <c>BpeTokenizer</c> of Microsoft.ML.Tokenizers agrees on byte-level vocabularies, but gives the unknown id for
/// <c>中</c> where the vocabulary falls back to bytes, has no <c>ignore_merges</c>, and cannot forbid a result.
/// </remarks>
internal sealed class BytePairVocabulary : PieceVocabulary
{
    private readonly MergeTable _merges;
    private readonly BytePairOptions _options;
    private readonly int[] _bytes = new int[256];
    private readonly int _longestPiece;

    public BytePairVocabulary(Dictionary<string, int> ids, MergeTable merges, BytePairOptions options)
        : base(ids)
    {
        (_merges, _options) = (merges, options);
        _longestPiece = ids.Count == 0 ? 0 : ids.Keys.Max(piece => piece.Length);
        for (int value = 0; value < 256; value++)
        {
            string piece = options.IsByteLevel
                ? ByteAlphabet.CharacterOf((byte)value).ToString()
                : string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");
            _bytes[value] = Find(piece) ?? -1;
        }
    }

    public override void Encode(MarkedText word, bool[] reserved, SymbolChain chain, List<int> ids)
    {
        bool[]? forbidden = word.IsUntrusted ? reserved : null;
        ReadOnlySpan<char> text = _options.IsByteLevel ? ToAlphabet(word.Span) : word.Span;
        if (_options.IgnoresMerges && text.Length <= _longestPiece
            && Lookup.TryGetValue(text, out int whole) && forbidden?[whole] != true)
        {
            ids.Add(whole);
            return;
        }

        chain.Clear();
        AddSymbols(text, forbidden, chain);
        if (chain.Count == 0)
        {
            return;
        }

        chain.Merge(_merges, forbidden);
        for (int place = 0; place >= 0;)
        {
            (int id, _, place) = chain.At(place);
            ids.Add(id);
        }
    }

    private static string ToAlphabet(ReadOnlySpan<char> word)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        return string.Create(bytes.Length, bytes, static (units, source) =>
        {
            for (int index = 0; index < source.Length; index++)
            {
                units[index] = ByteAlphabet.CharacterOf(source[index]);
            }
        });
    }

    private void AddSymbols(ReadOnlySpan<char> text, bool[]? forbidden, SymbolChain chain)
    {
        bool unknownWaits = false;
        for (int start = 0, length; start < text.Length; start += length)
        {
            Rune.DecodeFromUtf16(text[start..], out _, out length);
            ReadOnlySpan<char> character = text.Slice(start, length);
            bool isLast = start + length == text.Length;
            if (TryFind(character, isLast, out int id) && forbidden?[id] != true)
            {
                Flush(start);
                chain.Add(id, start);
            }
            else if (_options.FallsBackToBytes && AddBytes(character, start, chain))
            {
                // The reference leaves an unknown character before these bytes waiting, so it comes after them.
            }
            else if (_options.Unknown is not null)
            {
                if (!_options.FusesUnknown)
                {
                    Flush(start);
                }

                unknownWaits = true;
            }
        }

        Flush(text.Length);

        void Flush(int start)
        {
            if (unknownWaits)
            {
                chain.Add(_options.Unknown!.Value, start);
                unknownWaits = false;
            }
        }
    }

    private bool TryFind(ReadOnlySpan<char> character, bool isLast, out int id) => isLast && _options.EndOfWord.Length > 0
        ? Lookup.TryGetValue(string.Concat(character, _options.EndOfWord), out id)
        : Lookup.TryGetValue(character, out id);

    private bool AddBytes(ReadOnlySpan<char> character, int start, SymbolChain chain)
    {
        Span<byte> bytes = stackalloc byte[4];
        bytes = bytes[..Encoding.UTF8.GetBytes(character, bytes)];
        foreach (byte value in bytes)
        {
            if (_bytes[value] < 0)
            {
                return false;
            }
        }

        foreach (byte value in bytes)
        {
            chain.Add(_bytes[value], start);
        }

        return true;
    }
}
