using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>A fixture's prompts, read and continued by a converted model row by row as the reference did.</summary>
internal sealed class GoldenConversation
{
    public const float FeatureTolerance = 1e-4f;
    public const float LogitTolerance = 1e-3f;

    private readonly ConvertedModel _model;
    private readonly Dictionary<string, Golden> _goldens;
    private readonly long _imageToken;

    public GoldenConversation(ConvertedModel model, string fixture)
    {
        (_model, _goldens) = (model, Golden.Read(fixture));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixture.PathOf($"vlm/{fixture}/goldens.json")));
        _imageToken = json.RootElement.GetProperty("image_token_id").GetInt64();
    }

    public Golden this[string name] => _goldens[name];

    public bool Has(string name) => _goldens.ContainsKey(name);

    /// <summary>Holds a case's features, prompts and greedy continuations against the goldens.</summary>
    public void Check(string name, float[] features)
    {
        Numbers.Close(Features(name), features, FeatureTolerance);
        int used = 0;
        for (int row = 0; row < this[$"{name}.input_ids"].Shape[0]; row++)
        {
            used += ReadAndSpeak(name, row, features.AsMemory(used));
        }

        Assert.Equal(features.Length, used);
    }

    /// <summary>The reference's features of a case as the graph gives them: each token's, behind them those for the first layers (DeepStack).</summary>
    private float[] Features(string name)
    {
        if (!Has($"{name}.image_features"))
        {
            return [];
        }

        Golden main = this[$"{name}.image_features"];
        int hidden = (int)main.Shape[^1];
        float[][] parts = [main.Numbers, .. Has($"{name}.deepstack_features") ? this[$"{name}.deepstack_features"].Numbers.Chunk(main.Numbers.Length) : []];
        return parts.Length == 1 ? main.Numbers : [.. Enumerable.Range(0, main.Numbers.Length / hidden).SelectMany(token => parts.SelectMany(part => part[(token * hidden)..((token + 1) * hidden)]))];
    }

    /// <summary>The embeddings of one row without its padding, those of image tokens taken from the features.</summary>
    private float[] Embed(string name, int row, int padding, ReadOnlyMemory<float> features, ref int used)
    {
        long[] ids = [.. this[$"{name}.input_ids"].At(row).Skip(padding).Select(id => (long)id)];
        float[] embeddings = _model.Embed(ids);
        int hidden = embeddings.Length / ids.Length;
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] == _imageToken)
            {
                features.Slice(used, hidden).Span.CopyTo(embeddings.AsSpan(i * hidden));
                used += hidden;
            }
        }

        return embeddings;
    }

    /// <summary>Prefills one row without its padding, then decodes 16 tokens; returns how many numbers of the features it took.</summary>
    private int ReadAndSpeak(string name, int row, ReadOnlyMemory<float> features)
    {
        int length = (int)this[$"{name}.attention_mask"].At(row).Sum(), padding = (int)this[$"{name}.input_ids"].Shape[1] - length;
        int used = 0;
        float[] embeddings = Embed(name, row, padding, features, ref used);
        int width = embeddings.Length / length, hidden = (int)this[$"{name}.inputs_embeds"].Shape[^1];
        Numbers.Close(this[$"{name}.inputs_embeds"].At(row)[(padding * hidden)..], [.. embeddings.Chunk(width).SelectMany(token => token[..hidden])], FeatureTolerance);
        float[] expected = this[$"{name}.logits"].At(row);
        int vocabulary = expected.Length / (length + padding);
        long[]? positions = Positions(name, row, padding);
        ConvertedModel.Step step = _model.Decode(embeddings, [Ones(length)], null, 0, positions);
        Numbers.Close(expected[(padding * vocabulary)..], step.Logits, LogitTolerance);
        using (ConvertedModel.Step last = _model.Decode(embeddings, [Ones(length)], null, 1, positions))
        {
            Numbers.Close(step.Logits[^vocabulary..], last.Logits, 1e-5f);
        }

        float[] generated = this[$"{name}.generated_ids"].At(row);
        float[] logits = step.Logits[^vocabulary..];
        for (int i = 0; i < generated.Length; i++)
        {
            Assert.Equal((int)generated[i], logits.IndexOf(logits.Max()));
            long[]? next = Next(positions, i);
            ConvertedModel.Step following = _model.Decode(_model.Embed([(long)generated[i]]), [Ones(length + i + 1)], step, 1, next);
            step.Dispose();
            step = following;
            logits = step.Logits;
            if (i < this[$"{name}.step_logits"].Shape[0])
            {
                Numbers.Close(this[$"{name}.step_logits"].At(i, row), logits, LogitTolerance);
            }
        }

        step.Dispose();
        return used;
    }

    /// <summary>The positions that the decoder takes: one of each token, or those in time, row and column; null: it takes none.</summary>
    private long[]? Positions(string name, int row, int padding) =>
        !_model.Decoder.InputMetadata.TryGetValue("position_ids", out NodeMetadata? input) ? null
        : input.Dimensions.Length == 2 ? [.. Enumerable.Range(0, (int)this[$"{name}.attention_mask"].At(row).Sum()).Select(place => (long)place)]
        : [.. Enumerable.Range(0, 3).SelectMany(part => this[$"{name}.position_ids"].At(part, row).Skip(padding)).Select(position => (long)position)];

    private long[]? Next(long[]? positions, int step) =>
        positions is null ? null : [.. Enumerable.Repeat(positions.Max() + 1 + step, _model.Decoder.InputMetadata["position_ids"].Dimensions.Length == 2 ? 1 : 3)];

    private static long[] Ones(int length) => [.. Enumerable.Repeat(1L, length)];
}
