using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>
/// A SentencePiece model of the type Unigram: of all ways to cut a word into pieces the one whose scores add up to the most
/// (Kudo, arXiv 1804.10959), in the arithmetic and order of the reference library (unigram_model.cc, <c>EncodeOptimized</c>).
/// </summary>
/// <remarks><c>SentencePieceTokenizer</c> of Microsoft.ML.Tokenizers 2.0 throws on models without a beginning of text, which SigLIP's are.</remarks>
internal sealed class UnigramVocabulary : PieceVocabulary
{
    private const float UnknownPenalty = 10;

    private readonly ContentTrie _trie = new();
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
                _trie.Add(pieces[id].Text, id);
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
            for (int end = start, node = 0; end < text.Length && _trie.TryStep(ref node, text[end], out int id);)
            {
                end++;
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
}

/// <summary>
/// The symbols of one word, merged in the order of a <see cref="MergeTable"/> in time n log n. Made for one text and used
/// for word after word. The order, and which planned merges are given up, are those of <c>Word::merge_all</c> in
/// huggingface/tokenizers (models/bpe/word.rs); for a SentencePiece model they are those of its bpe_model.cc.
/// </summary>
internal sealed class SymbolChain
{
    private const int Removed = -2;
    private const int None = -1;

    private readonly PriorityQueue<(int Left, int Result), long> _planned = new();
    private (int Id, int Start, int Previous, int Next)[] _symbols = new (int, int, int, int)[64];
    private bool[]? _forbidden;
    private Dictionary<int, (int Left, int Right)>? _undo;

    public int Count { get; private set; }

    public void Clear() => Count = 0;

    /// <summary>Adds a symbol at the end.</summary>
    /// <param name="id">The symbol; one below 0 merges with nothing.</param>
    /// <param name="start">Where it starts in the word.</param>
    public void Add(int id, int start)
    {
        if (Count == _symbols.Length)
        {
            Array.Resize(ref _symbols, Count * 2);
        }

        _symbols[Count] = (id, start, Count - 1, None);
        if (Count > 0)
        {
            _symbols[Count - 1].Next = Count;
        }

        Count++;
    }

    /// <summary>Merges until nothing is left to merge.</summary>
    /// <param name="merges">The merges.</param>
    /// <param name="forbidden">Symbols that must not come of a merge, by id; null forbids none.</param>
    /// <param name="undo">Gets, for every symbol in it, the last pair that might have become it; null keeps none.</param>
    public void Merge(MergeTable merges, bool[]? forbidden, Dictionary<int, (int Left, int Right)>? undo = null)
    {
        (_forbidden, _undo) = (forbidden, undo);
        _planned.Clear();
        for (int index = 0; index + 1 < Count; index++)
        {
            Plan(merges, index, index + 1);
        }

        while (_planned.TryDequeue(out (int Left, int Result) plan, out _))
        {
            ref (int Id, int Start, int Previous, int Next) left = ref _symbols[plan.Left];
            if (left.Id == Removed || left.Next == None
                || !merges.TryFind(left.Id, _symbols[left.Next].Id, out _, out int result) || result != plan.Result)
            {
                continue;
            }

            ref (int Id, int Start, int Previous, int Next) right = ref _symbols[left.Next];
            left.Id = result;
            left.Next = right.Next;
            right.Id = Removed;
            if (left.Next != None)
            {
                _symbols[left.Next].Previous = plan.Left;
                Plan(merges, plan.Left, left.Next);
            }

            if (left.Previous != None)
            {
                Plan(merges, left.Previous, plan.Left);
            }
        }
    }

    /// <summary>The symbol at a place of the chain, where it starts, and the place of the next one (below 0 after the last). The first place is 0.</summary>
    public (int Id, int Start, int Next) At(int place) => (_symbols[place].Id, _symbols[place].Start, _symbols[place].Next);

    /// <summary>Where the symbol before the given next place ends.</summary>
    public int End(int next, int wordLength) => next == None ? wordLength : _symbols[next].Start;

    private void Plan(MergeTable merges, int left, int right)
    {
        (int first, int second) = (_symbols[left].Id, _symbols[right].Id);
        if (first < 0 || second < 0 || !merges.TryFind(first, second, out int rank, out int result) || _forbidden?[result] == true)
        {
            return;
        }

        _undo?[result] = (first, second);
        _planned.Enqueue((left, result), ((long)rank << 32) | (uint)left);
    }
}
