using System.Text.Json;
using SafeVision.Training.Adapters;
using SafeVision.Training.Networks;
using SafeVision.Training.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

/// <summary>InternVL with Qwen2 and Llama text, against transformers.</summary>
public class ImageNetworkTests
{
    [Theory]
    [InlineData("internvl-qwen2-hf", "internvl-qwen2-hf")]
    [InlineData("internvl-llama-hf", "internvl-llama-hf")]
    [InlineData("internvl-qwen2-orig", "internvl-qwen2-hf")]
    [InlineData("internvl-internlm2-orig", "internvl-llama-hf")]
    public void Logits_equal_those_of_the_reference_in_the_authors_layout_too(string name, string goldens)
    {
        using Golden golden = new($"vlm/{goldens}/goldens");
        using TrainableNetwork network = TrainableNetwork.Load(Golden.PathOf($"vlm/{name}"));
        using IDisposable still = no_grad();
        foreach (string row in new[] { "multi", "batch", "text" })
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor attention = golden.Long($"{row}.attention_mask");
            Tensor logits = network.Forward(new TokenBatch(
                golden.Long($"{row}.input_ids"), golden.Long($"{row}.input_ids"), attention, golden.Long($"{row}.position_ids"), golden.Has($"{row}.pixel_values") ? golden.Float($"{row}.pixel_values") : null));
            Golden.Close(golden.Float($"{row}.logits"), logits * attention.unsqueeze(-1), 1e-3, row);
        }
    }

    [Theory]
    [InlineData("qwen2", "internvl-qwen2-hf")]
    [InlineData("llama", "internvl-llama-hf")]
    public void One_supervised_step_has_the_losses_and_gradients_of_the_reference(string key, string checkpoint)
    {
        using Golden golden = new("images/step");
        JsonElement facts = golden.Json.GetProperty(key);
        using TrainableNetwork network = TrainableNetwork.Load(Golden.PathOf($"vlm/{checkpoint}"));
        int seen = 0;
        foreach (JsonElement row in facts.GetProperty("cases").EnumerateArray())
        {
            using DisposeScope scope = NewDisposeScope();
            string id = row.GetProperty("id").GetString()!;
            bool isLora = id == "lora";
            using LowRankAdapter? adapter = isLora ? LowRankAdapter.Load(Golden.PathOf($"images/step-adapter-{key}")) : null;
            network.Weights.Adapter = adapter;
            IReadOnlyDictionary<string, Tensor> trained = isLora ? adapter!.Train() : network.Weights.Train(_ => true);
            if (isLora)
            {
                _ = network.Weights.Train(_ => false);
            }

            foreach (Tensor tensor in trained.Values)
            {
                tensor.grad = null;
            }

            int[] order = id switch
            {
                _ when id.EndsWith("rows-swapped", StringComparison.Ordinal) => [1, 0],
                "share-row-without-answer" => [0, 1, 3],
                _ => [0, 1],
            };
            TokenBatch batch = Rows(key).Batch(order, facts.GetProperty("pad_id").GetInt64(), isLeft: id.EndsWith("-left", StringComparison.Ordinal));
            if (order.Length == 3)
            {
                batch.Labels[2].fill_(SupervisedObjective.Ignored);
            }

            (Tensor ids, Tensor labels) = (batch.Ids, batch.Labels);
            SupervisedObjective objective = Objective(facts, row);
            Tensor logits = network.Forward(batch);
            Tensor loss = objective.Loss(logits, ids, labels);
            loss.backward();

            Golden.Close(row.GetProperty("loss").GetDouble(), loss.ToDouble(), 5e-5, id);
            if (golden.Has($"{key}.{id}.token_losses"))
            {
                Golden.Close(golden.Float($"{key}.{id}.token_losses"), SupervisedObjective.TokenLosses(logits, labels), 3e-4, $"{id}: token losses");
            }

            if (golden.Has($"{key}.{id}.weights"))
            {
                Golden.Close(golden.Float($"{key}.{id}.weights"), objective.Weights(ids, labels), 1e-6, $"{id}: weights");
            }

            string prefix = $"{key}.{id}.grad.";
            foreach (string name in golden.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                Golden.Close(golden.Float(name), trained[name[prefix.Length..]].grad!, 1e-4, $"{id}: gradient of {name}");
            }

            if (row.TryGetProperty("grad_norms", out JsonElement norms))
            {
                foreach (JsonProperty norm in norms.EnumerateObject())
                {
                    double expected = norm.Value.ValueKind == JsonValueKind.Number ? norm.Value.GetDouble() : norm.Value[0].GetDouble();
                    Golden.Close(expected, trained[norm.Name].grad!.norm().ToDouble(), (1e-4 * expected) + 1e-6, $"{id}: norm of {norm.Name}");
                }
            }

            network.Weights.Adapter = null;
            seen++;
        }

        Assert.Equal(11, seen);
    }

    internal static ReferenceRows Rows(string key) => new(key);

    internal static SupervisedObjective Objective(JsonElement facts, JsonElement row)
    {
        string rule = row.GetProperty("rule").GetString()!;
        return new SupervisedObjective
        {
            Weighting = rule.StartsWith("positional", StringComparison.Ordinal) ? AnswerWeighting.Positional : rule.StartsWith("plain", StringComparison.Ordinal) ? AnswerWeighting.Plain : AnswerWeighting.Share,
            HasFloor = rule.Contains("floor", StringComparison.Ordinal),
            Share = row.TryGetProperty("share", out JsonElement share) ? share.GetDouble() : 1.0 / 3,
            CriticalTokens = facts.GetProperty("critical_ids").EnumerateArray().Select(token => token.GetInt64()).ToHashSet(),
            AssistantMark = [.. facts.GetProperty("mark").EnumerateArray().Select(token => token.GetInt64())],
        };
    }
}

/// <summary>The conversations that the reference trained on, with their tiles.</summary>
internal sealed class ReferenceRows
{
    private readonly JsonElement _rows;
    public ReferenceRows(string key)
    {
        _rows = JsonDocument.Parse(File.ReadAllBytes(Golden.PathOf("images/rows.json"))).RootElement.GetProperty(key).GetProperty("rows");
    }

    /// <summary>Preprocessed tiles by their numbers.</summary>
    public static Tensor? Tiles(long[] numbers)
    {
        using var tiles = SafeVision.Conversion.Checkpoints.CheckpointTensors.OpenFile(Golden.PathOf("images/tiles.safetensors"));
        return numbers.Length == 0 ? null : tiles.ToTorch("pixel_values").index_select(0, tensor(numbers));
    }

    public TokenBatch Batch(IReadOnlyList<int> order, long padding, bool isLeft = false)
    {
        long[] tiles = [.. order.SelectMany(row => _rows[row].GetProperty("tiles").EnumerateArray().Select(tile => tile.GetInt64()))];
        return TokenBatch.Pad([.. order.Select(row => new TokenRow(Longs(_rows[row].GetProperty("ids")), Longs(_rows[row].GetProperty("labels"))))], padding, Tiles(tiles), isLeft);
    }

    internal static long[] Longs(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetInt64())];
}
