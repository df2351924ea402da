using LLama;
using LLama.Common;
using LLama.Native;

namespace SafeVision.Peers;

/// <summary>llama.cpp by LLamaSharp: the likeliest token first, the whole prompt in batches of 512, flash attention.</summary>
internal sealed class LlamaPeer : IPeer
{
    private const int Batch = 512;

    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;
    private readonly LLamaBatch _batch = new();
    private int _place;
    private LLamaToken _last;

    public LlamaPeer(string file, int capacity, int threads)
    {
        var parameters = new ModelParams(file)
        {
            ContextSize = (uint)capacity,
            BatchSize = Batch,
            UBatchSize = Batch,
            Threads = threads,
            BatchThreads = threads,
            GpuLayerCount = 0,
            FlashAttention = true,
        };
        _weights = LLamaWeights.LoadFromFile(parameters);
        _context = _weights.CreateContext(parameters);
    }

    public void Read(int[] ids, int known)
    {
        _context.NativeHandle.MemorySequenceRemove(LLamaSeqId.Zero, known, -1);
        for (_place = known; _place < ids.Length;)
        {
            _batch.Clear();
            int end = Math.Min(_place + Batch, ids.Length);
            for (; _place < end; _place++)
            {
                _batch.Add(ids[_place], _place, LLamaSeqId.Zero, _place == ids.Length - 1);
            }

            Decode();
        }

        Choose();
    }

    public void Next()
    {
        _batch.Clear();
        _batch.Add(_last, _place++, LLamaSeqId.Zero, true);
        Decode();
        Choose();
    }

    private void Decode()
    {
        DecodeResult result = _context.Decode(_batch);
        if (result != DecodeResult.Ok)
        {
            throw new InvalidOperationException($"llama.cpp: {result}");
        }
    }

    private void Choose()
    {
        ReadOnlySpan<float> logits = _context.NativeHandle.GetLogitsIth(_batch.TokenCount - 1);
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        _last = best;
    }

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }
}
