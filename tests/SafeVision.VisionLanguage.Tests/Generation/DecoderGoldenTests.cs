namespace SafeVision.VisionLanguage.Tests.Generation;

/// <summary>On graphs that transformers' own modules were exported to: plain attention, positions given, keys and values returned longer.</summary>
public sealed class DecoderGoldenTests : DecoderGoldens
{
    protected override string Folder(string model) => GoldenText.Folder(model);
}
