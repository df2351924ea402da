namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

public sealed class StandardAttentionTests
{
    [Theory]
    [InlineData("internvl-llama-hf")]
    [InlineData("internvl-qwen2-hf")]
    public async Task Rows_padded_on_the_left_are_as_the_reference_has_them(string checkpoint)
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.PathOf($"vlm/{checkpoint}"), Destination = folder.PathOf("model"), Attention = "standard" });
        Assert.InRange(result.LargestDifference!.Value, double.Epsilon, 1e-5);
        using var model = new ConvertedModel(folder.PathOf("model"));
        Dictionary<string, Golden> goldens = Golden.Read(checkpoint);
        Golden mask = goldens["batch.attention_mask"], logits = goldens["batch.logits"], generated = goldens["batch.generated_ids"];
        long[][] masks = [.. Enumerable.Range(0, 2).Select(row => mask.At(row).Select(value => (long)value).ToArray())];
        ConvertedModel.Step step = model.Decode(goldens["batch.inputs_embeds"].Numbers, masks, null, 0, goldens["batch.position_ids"].Integers);
        for (int i = 0; i < mask.Numbers.Length; i++)
        {
            if (mask.Numbers[i] > 0)
            {
                int size = (int)logits.Shape[2];
                Assert.All(logits.Numbers[(i * size)..((i + 1) * size)].Zip(step.Logits[(i * size)..((i + 1) * size)]), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
            }
        }

        for (int i = 0; i < goldens["batch.step_logits"].Shape[0]; i++)
        {
            long[] ids = [(long)generated.At(0, i)[0], (long)generated.At(1, i)[0]];
            masks = [.. masks.Select(row => row.Append(1).ToArray())];
            ConvertedModel.Step next = model.Decode([.. model.Embed([ids[0]]), .. model.Embed([ids[1]])], masks, step, 1, [.. masks.Select(row => row.Sum() - 1)]);
            step.Dispose();
            step = next;
            Assert.All(goldens["batch.step_logits"].At(i).Zip(step.Logits), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
        }

        step.Dispose();
    }
}
