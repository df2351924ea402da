using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers.Vocabularies;

/// <summary>
/// A SentencePiece model of the type Unigram: of all ways to cut a word into pieces the one whose scores add up to the most
/// (Kudo, arXiv 1804.10959), in the arithmetic and order of the reference library (unigram_model.cc, <c>EncodeOptimized</c>).
/// </summary>
/// <remarks><c>SentencePieceTokenizer</c> of Microsoft.ML.Tokenizers 2.0 throws on models without a beginning of text, which SigLIP's are.</remarks>
internal sealed class UnigramVocabulary : PieceVocabulary
{
    private const float UnknownPenalty = 10;

    private readonly Dictionary<(int Node, char Unit), int> _edges = [];
    private readonly List<int> _pieceOfNode = [-1];
    private readonly SentencePiece[] _pieces;
    private readonly float _unknownScore;
    private readonly int _unknown;

    /// <param name="pieces">The pieces by id, one of them for what is unknown, none of them user-defined or a byte.</param>
    /// <param name="ids">The ids by piece.</param>
    public UnigramVocabulary(SentencePiece[] pieces, Dictionary<string, int> ids)
        : base(ids)
    {
        _pieces = pieces;
        _unknown = Array.FindIndex(pieces, piece => piece.Kind == SentencePieceKind.Unknown);
        _unknownScore = pieces.Where(piece => piece.Kind == SentencePieceKind.Normal).Select(piece => piece.Score).DefaultIfEmpty().Min() - UnknownPenalty;
        for (int id = 0; id < pieces.Length; id++)
        {
            if (pieces[id].Kind == SentencePieceKind.Normal)
            {
                Add(pieces[id].Text, id);
            }
        }
    }

    public override void Encode(MarkedText word, bool[] reserved, SymbolChain chain, List<int> ids)
    {
        ReadOnlySpan<char> text = word.Span;
        (float Score, int Start, int Id)[] best = new (float, int, int)[text.Length + 1]; // the best way to each place
        Array.Fill(best, (0, -1, -1));
        bool[]? forbidden = word.IsUntrusted ? reserved : null;
        for (int start = 0, length; start < text.Length; start += length)
        {
            Rune.DecodeFromUtf16(text[start..], out _, out length);
            bool hasCharacter = false;
            for (int end = start, node = 0; end < text.Length && _edges.TryGetValue((node, text[end]), out node);)
            {
                end++;
                int id = _pieceOfNode[node];
                if (id < 0 || forbidden?[id] == true)
                {
                    continue;
                }

                Offer(best, start, end, id, _pieces[id].Score);
                hasCharacter |= end == start + length;
            }

            if (!hasCharacter)
            {
                Offer(best, start, start + length, _unknown, _unknownScore);
            }
        }

        int first = ids.Count;
        for (int end = text.Length; end > 0; end = best[end].Start)
        {
            // Unknown characters in a row are one.
            if (best[end].Id != _unknown || ids.Count == first || ids[^1] != _unknown)
            {
                ids.Add(best[end].Id);
            }
        }

        ids.Reverse(first, ids.Count - first);
    }

    private static void Offer((float Score, int Start, int Id)[] best, int start, int end, int id, float score)
    {
        float total = best[start].Score + score;
        if (best[end].Start < 0 || total > best[end].Score)
        {
            best[end] = (total, start, id);
        }
    }

    private void Add(string piece, int id)
    {
        int node = 0;
        foreach (char unit in piece)
        {
            if (!_edges.TryGetValue((node, unit), out int next))
            {
                next = _pieceOfNode.Count;
                _pieceOfNode.Add(-1);
                _edges.Add((node, unit), next);
            }

            node = next;
        }

        _pieceOfNode[node] = id;
    }
}
