using System.Text.Json;
using SafeVision.Training.Adapters;
using SafeVision.Training.Networks;
using SafeVision.Training.Objectives;
using SafeVision.Training.Optimisation;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

/// <summary>A text model with peft's adapters: forward, merged, and trained.</summary>
public class LowRankAdapterTests
{
    [Theory]
    [InlineData("qkvo")]
    [InlineData("all")]
    [InlineData("rslora")]
    [InlineData("pattern")]
    public void An_adapter_of_the_peft_library_gives_its_logits_apart_merged_and_after_saving(string variant)
    {
        using Golden golden = new("lora/forward");
        using TrainableNetwork network = TrainableNetwork.Load(Golden.PathOf("lora/base"));
        using LowRankAdapter adapter = LowRankAdapter.Load(Golden.PathOf($"lora/adapter-{variant}"));
        using IDisposable still = no_grad();
        Close("logits.base");
        network.Weights.Adapter = adapter;
        Close($"logits.{variant}");

        using TemporaryFolder folder = new();
        adapter.Save(folder.Path);
        using LowRankAdapter again = LowRankAdapter.Load(folder.Path);
        network.Weights.Adapter = again;
        Close($"logits.{variant}");

        network.Weights.Adapter = null;
        adapter.MergeInto(network.Weights);
        Close($"logits.{variant}.merged");

        void Close(string key)
        {
            Tensor attention = golden.Long("attention_mask"), ids = golden.Long("input_ids");
            Tensor logits = network.Forward(new TokenBatch(ids, ids, attention, (attention.cumsum(1) - 1).clamp(min: 0), null));
            Tensor mask = attention.unsqueeze(-1);
            Golden.Close(golden.Float(key) * mask, logits * mask, 1e-4, key);
        }
    }

    [Theory]
    [InlineData("ce")]
    [InlineData("weighted")]
    [InlineData("ce-strong")]
    [InlineData("accumulate")]
    [InlineData("full")]
    public void Training_ends_where_the_reference_ends(string run)
    {
        using Golden golden = new("lora/train");
        JsonElement facts = golden.Json.GetProperty("runs").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == run);
        using TrainableNetwork network = TrainableNetwork.Load(Golden.PathOf("lora/base"));
        string model = facts.GetProperty("model").GetString()!;
        using LowRankAdapter? adapter = model.StartsWith("lora-", StringComparison.Ordinal) ? LowRankAdapter.Load(Golden.PathOf($"lora/start-{model["lora-".Length..]}")) : null;
        network.Weights.Adapter = adapter;
        IReadOnlyDictionary<string, Tensor> trained = network.Weights.Train(_ => adapter is null);
        trained = adapter?.Train() ?? trained;

        var objective = new SupervisedObjective
        {
            Weighting = facts.GetProperty("rule").GetString()!.StartsWith("plain", StringComparison.Ordinal) ? AnswerWeighting.Plain : AnswerWeighting.Positional,
            AssistantMark = ReferenceRows.Longs(golden.Json.GetProperty("pattern")),
        };
        int steps = facts.GetProperty("steps").GetInt32(), accumulation = facts.GetProperty("accumulation").GetInt32();
        using var training = new TrainingRun(
            trained,
            new LearningRate(facts.GetProperty("lr").GetDouble(), facts.GetProperty("warmup").GetInt32(), steps),
            new AdamWOptions
            {
                Beta1 = facts.GetProperty("betas")[0].GetDouble(),
                Beta2 = facts.GetProperty("betas")[1].GetDouble(),
                WeightDecay = facts.GetProperty("weight_decay").GetDouble(),
                Decays = adapter is null ? name => trained[name].dim() > 1 : _ => true,
                MaxNorm = facts.GetProperty("clip").GetDouble(),
            });
        Tensor ids = golden.Long("input_ids"), labels = golden.Long("labels"), attention = golden.Long("attention_mask");
        JsonElement[] records = [.. facts.GetProperty("steps_record").EnumerateArray()];
        for (int step = 0; step < steps; step++)
        {
            StepRecord record = training.Take([.. Enumerable.Range(step * accumulation, accumulation).Select(batch => (Func<Tensor>)(() =>
                objective.Loss(network.Forward(new TokenBatch(ids[batch], labels[batch], attention[batch], (attention[batch].cumsum(1) - 1).clamp(min: 0), null)), ids[batch], labels[batch])))]);
            Golden.Close(records[step].GetProperty("lr").GetDouble(), record.Rate, 1e-12, "rate");
            Golden.Close(records[step].GetProperty("loss").GetDouble(), record.Loss, 2e-5, $"{run}: loss of step {step}");
            double norm = records[step].GetProperty("grad_norm_before_clip").GetDouble();
            Golden.Close(norm, record.Norm, (1e-4 * norm) + 1e-6, $"{run}: norm of step {step}");
        }

        string prefix = $"{run}.final.";
        string[] finals = [.. golden.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && name != prefix + "logits")];
        Assert.NotEmpty(finals);
        Assert.All(finals, name => Golden.Close(golden.Float(name), trained[name[prefix.Length..]], 1e-4, name));
    }
}

/// <summary>A folder that goes when the test ends.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("safevision-training-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
