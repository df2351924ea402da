using System.Buffers.Binary;
using System.Text.Json;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>One golden case of the reference, for a model that is open as a host opens it: rows of ids, left padded, and the pixel values of their images.</summary>
internal sealed class EngineGolden
{
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
    private readonly double _featureTolerance;

    public EngineGolden(VisionLanguageModel model, string goldens, string name, JsonElement facts, double featureTolerance)
    {
        (Model, Name, _featureTolerance) = (model, $"{goldens}/{name}", featureTolerance);
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
            Close(_features.AsSpan(firstFeature * _width, plan.Tokens * _width), features[^1].Values.Span, _featureTolerance, $"{Name}: the features of an image of row {row}");
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

    public static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            worst = Math.Max(worst, Math.Abs(expected[i] - actual[i]));
        }

        Assert.True(worst <= tolerance, $"{what} is {worst} off.");
    }
}
