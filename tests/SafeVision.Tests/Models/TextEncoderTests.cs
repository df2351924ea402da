using System.Numerics.Tensors;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Tests.Models;

public sealed class TextEncoderTests
{
    [Fact]
    public async Task Cosines_of_the_golden_texts_are_within_a_hundredth_of_the_original_weights()
    {
        (string[] texts, _, float[][] cosines) = TokenizerFixtures.Goldens();
        float[][] vectors = await EmbedAsync(texts);
        double worst = 0;
        for (int row = 0; row < texts.Length; row++)
        {
            for (int column = 0; column < texts.Length; column++)
            {
                // The original read this text's special tokens as such.
                if (texts[row] != TokenizerFixtures.SpecialText && texts[column] != TokenizerFixtures.SpecialText)
                {
                    worst = Math.Max(worst, Math.Abs(TensorPrimitives.Dot<float>(vectors[row], vectors[column]) - cosines[row][column]));
                }
            }
        }

        Assert.True(worst <= 0.01, $"a cosine is {worst} off");
    }

    [Fact]
    public async Task Vectors_have_length_one_whatever_the_text()
    {
        float[][] vectors = await EmbedAsync(["", "\ud800", "[SEP]", new string('x', 5_000), "word ".PadRight(9_000, '.')]);
        Assert.All(vectors, vector => Assert.Equal(1, TensorPrimitives.Norm<float>(vector), 1e-3));
    }

    [Fact]
    public async Task A_text_has_the_same_vector_alone_and_among_others()
    {
        // Others are longer, so that the text is padded; and more than one batch of 32.
        string[] others = [.. Enumerable.Range(0, 40).Select(index => string.Concat(Enumerable.Repeat("firearms and parts of them ", index % 5)))];
        float[] alone = (await EmbedAsync(["kitchen knives"]))[0];
        float[] among = (await EmbedAsync([.. others, "kitchen knives"]))[^1];
        Assert.True(TensorPrimitives.Dot<float>(alone, among) > 0.999f);
    }

    private static async Task<float[][]> EmbedAsync(string[] texts)
    {
        using SessionCache sessions = new();
        TextEncoder encoder = await TextEncoder.LoadAsync(
            ModelPackage.Open(Repository.PathOf("models/all-minilm-l6-v2")), sessions, new ExecutionOptions());
        return [.. encoder.Embed(texts).Chunk(encoder.Dimensions)];
    }
}
