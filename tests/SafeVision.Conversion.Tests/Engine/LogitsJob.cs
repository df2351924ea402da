using SafeVision.VisionLanguage.Generation;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>Takes the logits of a sequence's last tokens.</summary>
internal sealed class LogitsJob(DecoderSlot slot, int keep) : DecoderJob(slot)
{
    public float[] Logits { get; private set; } = [];

    public override int Keep => keep;

    public override bool Advance(Span<float> logits)
    {
        Logits = logits.ToArray();
        return true;
    }
}
