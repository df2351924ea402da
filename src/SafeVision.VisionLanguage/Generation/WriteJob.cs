using System.Numerics.Tensors;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>Lets the model write, likeliest token first.</summary>
/// <param name="slot">The sequence.</param>
/// <param name="vocabulary">How many ids the tokenizer has; graphs pad their vocabulary with more.</param>
/// <param name="forbidden">Ids that may not be written.</param>
/// <param name="accept">Takes each token and says whether the model may go on. Called on the scheduler's thread.</param>
internal sealed class WriteJob(DecoderSlot slot, int vocabulary, IReadOnlyList<int> forbidden, Func<int, bool> accept) : DecoderJob(slot)
{
    public override bool Advance(Span<float> logits)
    {
        Span<float> known = logits[..Math.Min(vocabulary, logits.Length)];
        foreach (int id in forbidden)
        {
            if (id < known.Length)
            {
                known[id] = float.NegativeInfinity;
            }
        }

        int next = TensorPrimitives.IndexOfMax(known);
        if (!accept(next) || Slot.Tokens.Count == Slot.Cache.Capacity)
        {
            return true;
        }

        Slot.Tokens.Append([next]);
        return false;
    }
}
