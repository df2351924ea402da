using System.Buffers.Binary;
using System.Text.Json;
using SafeVision.Inference;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>
/// From checkpoint to text: every family and layout is converted, opened as a host opens it, and held to what transformers
/// computed: image features within 1e-4, logits within 1e-3, the same 16 tokens.
/// </summary>
public sealed class EngineGoldenTests
{
    private const int Steps = 8;

    public static TheoryData<string, string, string?> Checkpoints => new()
    {
        { "internvl-llama-hf", "internvl-llama-hf", null },
        { "internvl-internlm2-orig", "internvl-llama-hf", null }, // the same weights in the other layout
        { "internvl-qwen2-hf", "internvl-qwen2-hf", null },
        { "internvl-qwen2-orig", "internvl-qwen2-hf", null },
        { "smolvlm-tiny", "smolvlm-tiny", null },
        { "qwen2vl-tiny", "qwen2vl-tiny", null },
        { "internvl-qwen3-hf", "internvl-qwen3-hf", null },
        { "internvl-qwen3-orig", "internvl-qwen3-hf", null },
        { "qwen2_5vl-tiny", "qwen2_5vl-tiny", null },
        { "qwen2_5vl-tiny", "qwen2_5vl-tiny", "config-transformers-4.5x.json" },
        { "qwen2_5vl-tiny", "qwen2_5vl-tiny", "config-transformers-5.json" },
        { "qwen2_5vl-resaved", "qwen2_5vl-tiny", null },
        { "qwen3vl-tiny", "qwen3vl-tiny", null },
        { "qwen3vl-tiny", "qwen3vl-tiny", "config-transformers-5.json" },
        { "qwen3vl-untied-tiny", "qwen3vl-untied-tiny", null },
        { "qwen3_5-tiny", "qwen3_5-tiny", null },
        { "gemma3-tiny", "gemma3-tiny", null },
        { "gemma3-resaved", "gemma3-tiny", null },
        { "shieldgemma2-tiny", "shieldgemma2-tiny", null },
        { "shieldgemma2-resaved", "shieldgemma2-tiny", null },
        { "mistral3-tiny", "mistral3-tiny", null },
    };

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public async Task A_converted_checkpoint_sees_and_says_what_the_reference_does(string checkpoint, string goldens, string? config)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        string converted = folder.PathOf("model");
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.WithConfig($"vlm/{checkpoint}", config, folder), Destination = converted }, cancellationToken: cancellation);
        using var sessions = new SessionCache();
        using VisionLanguageModel model = await VisionLanguageModel.LoadAsync(
            converted, new VisionLanguageModelOptions { MaximumTokens = checkpoint.Contains("gemma", StringComparison.Ordinal) ? 320 : checkpoint.Contains("mistral", StringComparison.Ordinal) ? 160 : 128, TokensPerRun = 32, Sequences = 2 }, sessions, new ExecutionOptions(), cancellation);
        // The fused operator does not turn heads of 24, and memories are no buffers to append to.
        Assert.Equal(!checkpoint.StartsWith("internvl-qwen3", StringComparison.Ordinal) && checkpoint != "qwen3_5-tiny", model.Sessions.Files.DecoderSharesCache);

        JsonElement facts = GoldenTensors.Json($"vlm/{goldens}/goldens.json");
        foreach (JsonProperty golden in facts.GetProperty("cases").EnumerateObject().Where(golden => GoldenTensors.Has($"vlm/{goldens}/goldens.safetensors", $"{golden.Name}.logits")))
        {
            await CheckAsync(new Case(model, goldens, golden.Name, facts), cancellation);
        }
    }

    private static async Task CheckAsync(Case golden, CancellationToken cancellation)
    {
        Task<(int Row, int[] Written)>[] rows = [.. Enumerable.Range(0, golden.Rows).Select(async row => (row, await CheckRowAsync(golden, row, cancellation)))];
        foreach ((int row, int[] written) in await Task.WhenAll(rows))
        {
            Assert.Equal(golden.Generated(row), written);
        }
    }

    private static async Task<int[]> CheckRowAsync(Case golden, int row, CancellationToken cancellation)
    {
        (TokenSequence prompt, IReadOnlyList<ImageFeatures> features) = await golden.ReadAsync(row, cancellation);
        DecoderScheduler scheduler = golden.Model.Scheduler;
        int count = prompt.Count;
        DecoderSlot slot = await scheduler.TakeAsync(prompt, cancellation);
        slot.Features = features;

        // Logits of the whole prompt need the whole prompt in one run; what is remembered from another row has none.
        int keep = Math.Min(count - slot.Cache.Length, 24);
        float[] logits = await LogitsAsync(scheduler, slot, keep, [], cancellation);
        Close(golden.Logits(row)[^logits.Length..], logits, 1e-3, $"{golden.Name}: prompt of row {row}");
        int[] generated = golden.Generated(row);
        for (int step = 0; step < Steps; step++)
        {
            logits = await LogitsAsync(scheduler, slot, 1, [generated[step]], cancellation);
            Close(golden.StepLogits(step, row), logits, 1e-3, $"{golden.Name}: step {step} of row {row}");
        }

        scheduler.Return(slot);
        (prompt, features) = await golden.ReadAsync(row, cancellation);
        slot = await scheduler.TakeAsync(prompt, cancellation);
        slot.Features = features;
        var written = new List<int>();
        await scheduler.RunAsync(
            new WriteJob(slot, int.MaxValue, [], id =>
            {
                written.Add(id);
                return written.Count < generated.Length;
            }),
            cancellation);
        scheduler.Return(slot);
        return [.. written];
    }

    private static async Task<float[]> LogitsAsync(DecoderScheduler scheduler, DecoderSlot slot, int keep, int[] said, CancellationToken cancellation)
    {
        var job = new LogitsJob(slot, keep) { PendingTokens = said };
        await scheduler.RunAsync(job, cancellation);
        return job.Logits;
    }

    private static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            worst = Math.Max(worst, Math.Abs(expected[i] - actual[i]));
        }

        Assert.True(worst <= tolerance, $"{what} is {worst} off.");
    }

    /// <summary>One golden case: rows of ids, left padded, and the pixel values of their images.</summary>
    private sealed class Case
    {
        private readonly string _goldens;
        private readonly long[] _ids;
        private readonly long[] _mask;
        private readonly long[] _generated;
        private readonly float[] _logits;
        private readonly float[] _stepLogits;
        private readonly int _length, _written;
        private readonly List<(ImagePlan Plan, int FirstPixel, int FirstFeature)>[] _images; // [row]
        private readonly float[] _pixels = [];
        private readonly float[] _features = [];
        private readonly int _width;

        public Case(VisionLanguageModel model, string goldens, string name, JsonElement facts)
        {
            (Model, _goldens, Name) = (model, goldens, $"{goldens}/{name}");
            string file = $"vlm/{goldens}/goldens.safetensors";
            (int[] shape, _ids) = GoldenTensors.SafeTensorsInt64(file, $"{name}.input_ids");
            (_, _mask) = GoldenTensors.SafeTensorsInt64(file, $"{name}.attention_mask");
            (int[] generated, _generated) = GoldenTensors.SafeTensorsInt64(file, $"{name}.generated_ids");
            _written = generated[1];
            (int[] logits, _logits) = GoldenTensors.SafeTensors(file, $"{name}.logits");
            (_, _stepLogits) = GoldenTensors.SafeTensors(file, $"{name}.step_logits");
            (Rows, _length, Vocabulary) = (shape[0], shape[1], logits[2]);
            _images = [.. Enumerable.Range(0, Rows).Select(_ => new List<(ImagePlan, int, int)>())];
            if (_ids.Contains(model.Profile.ImageToken))
            {
                (int[] pixels, _pixels) = GoldenTensors.SafeTensors(file, $"{name}.pixel_values");
                (int[] features, _features) = GoldenTensors.SafeTensors(file, $"{name}.image_features");
                if (GoldenTensors.Has(file, $"{name}.image_sizes"))
                {
                    _pixels = Unpad(pixels, GoldenTensors.SafeTensorsInt64(file, $"{name}.image_sizes").Item2);
                }

                _width = features[^1];
                if (facts.TryGetProperty("mistakes_that_multi_shows", out JsonElement mistakes) && mistakes.TryGetProperty("no_deepstack", out _))
                {
                    (_features, _width) = Join(GoldenTensors.SafeTensors(file, $"{name}.deepstack_features").Item2);
                }

                Lay(facts, name, pixels);
            }
        }

        public VisionLanguageModel Model { get; }

        public string Name { get; }

        public int Rows { get; }

        public int Vocabulary { get; }

        public ReadOnlySpan<float> Logits(int row) => _logits.AsSpan(((row * _length) + Padding(row)) * Vocabulary, (_length - Padding(row)) * Vocabulary);

        public ReadOnlySpan<float> StepLogits(int step, int row) => _stepLogits.AsSpan(((step * Rows) + row) * Vocabulary, Vocabulary);

        public int[] Generated(int row) => [.. _generated.Skip(row * _written).Take(_written).Select(id => (int)id)];

        /// <summary>A row's tokens, and what the vision tower makes of its images.</summary>
        public async Task<(TokenSequence Prompt, IReadOnlyList<ImageFeatures> Features)> ReadAsync(int row, CancellationToken cancellation)
        {
            int[] ids = [.. _ids.Skip((row * _length) + Padding(row)).Take(_length - Padding(row)).Select(id => (int)id)];
            var spans = new List<ImageSpan>();
            var features = new List<ImageFeatures>();
            int at = -1;
            foreach ((ImagePlan plan, int firstPixel, int firstFeature) in _images[row])
            {
                int start = Array.IndexOf(ids, Model.Profile.ImageToken, at + 1);
                for (int token = 0; token < plan.Tokens; token++)
                {
                    at = Array.IndexOf(ids, Model.Profile.ImageToken, at + 1);
                }

                spans.Add(new ImageSpan(start, at + 1 - start, ((UInt128)Name.Aggregate(0UL, (hash, c) => (hash * 31) + c) << 64) | (uint)firstPixel, plan));
                features.Add(await Model.EncodeAsync(plan, _pixels.AsMemory(firstPixel, plan.PixelCount), cancellation));
                Close(_features.AsSpan(firstFeature * _width, plan.Tokens * _width), features[^1].Values.Span, 1e-4, $"{Name}: the features of an image of row {row}");
            }

            return (new TokenSequence(ids, spans), features);
        }

        /// <summary>Images one behind the other, without the zeros that make them as large as the largest.</summary>
        private float[] Unpad(int[] shape, long[] sizes)
        {
            (int height, int width) = (shape[2], shape[3]);
            return [.. from image in Enumerable.Range(0, shape[0])
                       from channel in Enumerable.Range(0, shape[1])
                       from row in Enumerable.Range(0, (int)sizes[2 * image])
                       from pixel in _pixels.AsSpan((((((image * shape[1]) + channel) * height) + row) * width), (int)sizes[(2 * image) + 1]).ToArray()
                       select pixel];
        }

        /// <summary>Behind each token's features those for the first layers of the text model, as the graph gives them.</summary>
        private (float[] Features, int Width) Join(float[] more)
        {
            float[][] parts = [_features, .. more.Chunk(_features.Length)];
            return ([.. Enumerable.Range(0, _features.Length / _width).SelectMany(token => parts.SelectMany(part => part[(token * _width)..((token + 1) * _width)]))], _width * parts.Length);
        }

        /// <summary>Finds each image's plan by its size, and its place among the pixel values and features.</summary>
        private void Lay(JsonElement facts, string name, int[] pixelShape)
        {
            JsonElement[] images = [.. facts.GetProperty("pictures").GetProperty(name).EnumerateArray()];
            bool perRow = images.All(image => image.ValueKind == JsonValueKind.Array);
            int pixel = 0, feature = 0, next = 0;
            for (int row = 0; row < Rows; row++)
            {
                int tokens = _ids.Skip(row * _length).Take(_length).Count(id => id == Model.Profile.ImageToken);
                pixel = perRow ? row * pixelShape.Skip(1).Aggregate((product, size) => product * size) : pixel; // rows are padded to the same number of tiles
                while (tokens > 0)
                {
                    JsonElement image = perRow ? images[row][0] : images[next++];
                    ImagePlan plan = Plan(image, facts, name);
                    _images[row].Add((plan, pixel, feature));
                    (pixel, feature, tokens) = (pixel + plan.PixelCount, feature + plan.Tokens, tokens - plan.Tokens);
                }

                Assert.Equal(0, tokens);
            }
        }

        private ImagePlan Plan(JsonElement image, JsonElement facts, string name)
        {
            int? most = image.ValueKind == JsonValueKind.Object ? image.GetProperty("max_num").GetInt32()
                : facts.TryGetProperty("do_image_splitting", out JsonElement splitting) && !splitting.GetProperty(name).GetBoolean() ? 1
                : null;
            string file = image.ValueKind == JsonValueKind.Object ? image.GetProperty("file").GetString()! : image.GetString()!;
            Span<byte> header = stackalloc byte[24];
            using (FileStream png = File.OpenRead(Fixture.PathOf($"vlm/{file}")))
            {
                png.ReadExactly(header);
            }

            VisionLanguageProfile profile = VisionLanguageFamilies.Read(
                ModelConfiguration.Open(Model.Sessions.Files.Folder), Model.Tokenizer, new PreparationOptions { MaximumTiles = most });
            return profile.Images.Plan(BinaryPrimitives.ReadInt32BigEndian(header[16..]), BinaryPrimitives.ReadInt32BigEndian(header[20..]));
        }

        private int Padding(int row) => _mask.Skip(row * _length).Take(_length).Count(counts => counts == 0);
    }
}
