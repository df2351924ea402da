using System.Text.Json;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

public sealed class InternVLTests
{
    private const float FeatureTolerance = 1e-4f;
    private const float LogitTolerance = 1e-3f;

    [Theory]
    [InlineData("internvl-llama-hf", "internvl-llama-hf")]
    [InlineData("internvl-internlm2-orig", "internvl-llama-hf")]
    [InlineData("internvl-qwen2-hf", "internvl-qwen2-hf")]
    [InlineData("internvl-qwen2-orig", "internvl-qwen2-hf")]
    public async Task A_converted_checkpoint_sees_and_says_what_the_reference_does(string checkpoint, string goldensOf)
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ConvertAsync(checkpoint, folder.PathOf("model"));
        Assert.Equal("internvl", result.Family);
        using var model = new ConvertedModel(folder.PathOf("model"));
        Dictionary<string, Golden> goldens = Golden.Read(goldensOf);
        long imageToken = ImageToken(goldensOf);
        foreach (string name in new[] { "multi", "batch", "text" })
        {
            float[] features = [];
            if (goldens.TryGetValue($"{name}.pixel_values", out Golden? pixels))
            {
                features = model.Features(pixels);
                Close(goldens[$"{name}.image_features"].Numbers, features, FeatureTolerance);
            }

            int used = 0;
            for (int row = 0; row < goldens[$"{name}.input_ids"].Shape[0]; row++)
            {
                used += ReadAndSpeak(model, goldens, name, row, imageToken, features.AsMemory(used));
            }

            Assert.Equal(features.Length, used);
        }
    }

    /// <summary>Prefills one row without its padding, then decodes 16 tokens; returns how many numbers of the features it took.</summary>
    private static int ReadAndSpeak(ConvertedModel model, Dictionary<string, Golden> goldens, string name, int row, long imageToken, ReadOnlyMemory<float> features)
    {
        int length = (int)goldens[$"{name}.attention_mask"].At(row).Sum(), padding = (int)goldens[$"{name}.input_ids"].Shape[1] - length;
        long[] ids = [.. goldens[$"{name}.input_ids"].At(row).Skip(padding).Select(id => (long)id)];
        float[] embeddings = model.Embed(ids);
        int hidden = embeddings.Length / length, used = 0;
        for (int i = 0; i < length; i++)
        {
            if (ids[i] == imageToken)
            {
                features.Slice(used, hidden).Span.CopyTo(embeddings.AsSpan(i * hidden));
                used += hidden;
            }
        }

        Close(goldens[$"{name}.inputs_embeds"].At(row)[(padding * hidden)..], embeddings, FeatureTolerance);
        float[] expected = goldens[$"{name}.logits"].At(row);
        int vocabulary = expected.Length / (length + padding);
        ConvertedModel.Step step = model.Decode(embeddings, [Ones(length)], null, 0);
        Close(expected[(padding * vocabulary)..], step.Logits, LogitTolerance);
        using (ConvertedModel.Step last = model.Decode(embeddings, [Ones(length)], null, 1))
        {
            Close(step.Logits[^vocabulary..], last.Logits, 1e-5f);
        }

        float[] generated = goldens[$"{name}.generated_ids"].At(row);
        float[] logits = step.Logits[^vocabulary..];
        for (int i = 0; i < generated.Length; i++)
        {
            Assert.Equal((int)generated[i], logits.IndexOf(logits.Max()));
            ConvertedModel.Step next = model.Decode(model.Embed([(long)generated[i]]), [Ones(length + i + 1)], step, 1);
            step.Dispose();
            step = next;
            logits = next.Logits;
            if (i < goldens[$"{name}.step_logits"].Shape[0])
            {
                Close(goldens[$"{name}.step_logits"].At(i, row), logits, LogitTolerance);
            }
        }

        step.Dispose();
        return used;
    }

    [Theory]
    [InlineData("internvl-llama-hf")]
    [InlineData("internvl-qwen2-hf")]
    public async Task Rows_of_unequal_length_padded_on_the_right_are_as_each_alone(string checkpoint)
    {
        using var folder = new TemporaryFolder();
        await ConvertAsync(checkpoint, folder.PathOf("model"));
        using var model = new ConvertedModel(folder.PathOf("model"));
        Dictionary<string, Golden> goldens = Golden.Read(checkpoint);
        Golden embeddings = goldens["batch.inputs_embeds"], logits = goldens["batch.logits"];
        (int length, int hidden, int vocabulary) = ((int)embeddings.Shape[1], (int)embeddings.Shape[2], (int)logits.Shape[2]);
        int[] lengths = [(int)goldens["batch.attention_mask"].At(0).Sum(), (int)goldens["batch.attention_mask"].At(1).Sum()];
        Assert.NotEqual(lengths[0], lengths[1]);

        float[] moved = new float[embeddings.Numbers.Length];
        for (int row = 0; row < 2; row++)
        {
            embeddings.At(row)[((length - lengths[row]) * hidden)..].CopyTo(moved, row * length * hidden);
        }

        using ConvertedModel.Step prefill = model.Decode(moved, [Mask(lengths[0], length), Mask(lengths[1], length)], null, 0);
        for (int row = 0; row < 2; row++)
        {
            int start = row * length * vocabulary;
            Close(logits.At(row)[((length - lengths[row]) * vocabulary)..], prefill.Logits[start..(start + (lengths[row] * vocabulary))], LogitTolerance);
        }

        Golden generated = goldens["batch.generated_ids"];
        float[] first = [.. model.Embed([(long)generated.At(0)[0]]), .. model.Embed([(long)generated.At(1)[0]])];
        using ConvertedModel.Step step = model.Decode(first, [Mask(lengths[0] + 1, length + 1), Mask(lengths[1] + 1, length + 1)], prefill, 1);
        Close(goldens["batch.step_logits"].At(0), step.Logits, LogitTolerance);
    }

    [Theory]
    [InlineData("internvl-internlm2-orig", "internvl-llama-hf")]
    [InlineData("internvl-qwen2-orig", "internvl-qwen2-hf")]
    public async Task Both_layouts_of_the_same_weights_give_the_same_numbers(string original, string transformers)
    {
        using var folder = new TemporaryFolder();
        await ConvertAsync(original, folder.PathOf("original"));
        await ConvertAsync(transformers, folder.PathOf("transformers"));
        using ConvertedModel one = new(folder.PathOf("original")), two = new(folder.PathOf("transformers"));
        Golden pixels = Golden.Read(transformers)["multi.pixel_values"], embeddings = Golden.Read(transformers)["multi.inputs_embeds"];
        Assert.Equal(one.Features(pixels), two.Features(pixels));
        long[] mask = Ones((int)embeddings.Shape[1]);
        using ConvertedModel.Step first = one.Decode(embeddings.Numbers, [mask], null, 0), second = two.Decode(embeddings.Numbers, [mask], null, 0);
        Assert.Equal(first.Logits, second.Logits);
    }

    private static Task<ConversionResult> ConvertAsync(string checkpoint, string destination) =>
        ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.PathOf($"vlm/{checkpoint}"), Destination = destination });

    private static long ImageToken(string fixture)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixture.PathOf($"vlm/{fixture}/goldens.json")));
        return json.RootElement.GetProperty("image_token_id").GetInt64();
    }

    private static long[] Ones(int length) => Mask(length, length);

    private static long[] Mask(int shown, int length) => [.. Enumerable.Range(0, length).Select(i => i < shown ? 1L : 0L)];

    private static void Close(float[] expected, float[] actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"number {i}: {actual[i]} instead of {expected[i]}");
        }
    }
}
