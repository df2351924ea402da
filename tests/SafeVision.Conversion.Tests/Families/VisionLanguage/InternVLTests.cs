namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

public sealed class InternVLTests
{
    [Theory]
    [InlineData("internvl-llama-hf", "internvl-llama-hf")]
    [InlineData("internvl-internlm2-orig", "internvl-llama-hf")]
    [InlineData("internvl-qwen2-hf", "internvl-qwen2-hf")]
    [InlineData("internvl-qwen2-orig", "internvl-qwen2-hf")]
    [InlineData("internvl-qwen3-hf", "internvl-qwen3-hf")]
    [InlineData("internvl-qwen3-orig", "internvl-qwen3-hf")]
    public async Task A_converted_checkpoint_sees_and_says_what_the_reference_does(string checkpoint, string goldensOf)
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ConvertAsync(checkpoint, folder.PathOf("model"));
        Assert.Equal("internvl", result.Family);
        using var model = new ConvertedModel(folder.PathOf("model"));
        var conversation = new GoldenConversation(model, goldensOf);
        foreach (string name in new[] { "multi", "batch", "two", "text" }.Where(name => conversation.Has($"{name}.input_ids")))
        {
            float[] features = conversation.Has($"{name}.pixel_values") ? model.Features(conversation[$"{name}.pixel_values"]) : [];
            conversation.Check(name, features);
        }
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
            Numbers.Close(logits.At(row)[((length - lengths[row]) * vocabulary)..], prefill.Logits[start..(start + (lengths[row] * vocabulary))], GoldenConversation.LogitTolerance);
        }

        Golden generated = goldens["batch.generated_ids"];
        float[] first = [.. model.Embed([(long)generated.At(0)[0]]), .. model.Embed([(long)generated.At(1)[0]])];
        using ConvertedModel.Step step = model.Decode(first, [Mask(lengths[0] + 1, length + 1), Mask(lengths[1] + 1, length + 1)], prefill, 1);
        Numbers.Close(goldens["batch.step_logits"].At(0), step.Logits, GoldenConversation.LogitTolerance);
    }

    [Theory]
    [InlineData("internvl-internlm2-orig", "internvl-llama-hf")]
    [InlineData("internvl-qwen2-orig", "internvl-qwen2-hf")]
    [InlineData("internvl-qwen3-orig", "internvl-qwen3-hf")]
    public async Task Both_layouts_of_the_same_weights_give_the_same_numbers(string original, string transformers)
    {
        using var folder = new TemporaryFolder();
        await ConvertAsync(original, folder.PathOf("original"));
        await ConvertAsync(transformers, folder.PathOf("transformers"));
        using ConvertedModel one = new(folder.PathOf("original")), two = new(folder.PathOf("transformers"));
        Golden pixels = Golden.Read(transformers)["multi.pixel_values"], embeddings = Golden.Read(transformers)["multi.inputs_embeds"];
        Assert.Equal(one.Features(pixels), two.Features(pixels));
        long[] mask = Ones((int)embeddings.Shape[1]);
        long[]? positions = one.Decoder.InputMetadata.ContainsKey("position_ids") ? [.. mask.Select((_, i) => (long)i)] : null;
        using ConvertedModel.Step first = one.Decode(embeddings.Numbers, [mask], null, 0, positions), second = two.Decode(embeddings.Numbers, [mask], null, 0, positions);
        Assert.Equal(first.Logits, second.Logits);
    }

    private static Task<ConversionResult> ConvertAsync(string checkpoint, string destination) =>
        ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.PathOf($"vlm/{checkpoint}"), Destination = destination });

    private static long[] Ones(int length) => Mask(length, length);

    private static long[] Mask(int shown, int length) => [.. Enumerable.Range(0, length).Select(i => i < shown ? 1L : 0L)];
}
