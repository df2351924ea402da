using SafeVision.Assessments;

namespace SafeVision.VisionLanguage;

/// <summary>Adds up the tokens that a picture's judgement took. Thread-safe.</summary>
internal sealed class TokenCount
{
    private int _prompt;
    private int _reused;
    private int _written;

    public TokenUsage Usage => new(_prompt, _reused, _written);

    public void Read(int tokens, int reused)
    {
        Interlocked.Add(ref _prompt, tokens);
        Interlocked.Add(ref _reused, reused);
    }

    public void Wrote(int tokens) => Interlocked.Add(ref _written, tokens);
}
