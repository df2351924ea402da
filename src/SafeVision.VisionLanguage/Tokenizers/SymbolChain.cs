namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>The symbols of one word, merged in the order of a <see cref="MergeTable"/> in time n log n. Made for one text and used
/// for word after word. The order, and which planned merges are given up, are those of <c>Word::merge_all</c> in
/// huggingface/tokenizers (models/bpe/word.rs); for a SentencePiece model they are those of its bpe_model.cc.</summary>
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
