using System.Text.Json;
using SafeVision.Training.Adapters;
using SafeVision.Training.Networks;
using SafeVision.Training.Objectives;
using SafeVision.Training.Optimisation;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

public class GroupObjectiveTests
{
    [Fact]
    public void Every_variant_has_the_advantages_loss_gradients_and_step_of_the_reference()
    {
        using Golden golden = new("images/grpo");
        JsonElement facts = golden.Json, settings = facts.GetProperty("optimiser");
        double[] rewards = golden.Double("rewards").data<double>().ToArray();
        long[] groups = golden.Long("groups").data<long>().ToArray();
        int seen = 0;
        foreach (JsonElement variant in facts.GetProperty("variants").EnumerateArray())
        {
            using DisposeScope scope = NewDisposeScope();
            string name = variant.GetProperty("name").GetString()!;
            using TrainableNetwork network = TrainableNetwork.Load(Golden.PathOf($"vlm/{facts.GetProperty("checkpoint").GetString()}"));
            _ = network.Weights.Train(_ => false);
            using LowRankAdapter adapter = LowRankAdapter.Load(Golden.PathOf($"images/{facts.GetProperty("adapter").GetString()}"));
            network.Weights.Adapter = adapter;
            IReadOnlyDictionary<string, Tensor> trained = adapter.Train();
            GroupObjective objective = Objective(facts, variant);
            using var optimiser = new AdamW(trained, new AdamWOptions { Epsilon = settings.GetProperty("eps").GetDouble(), WeightDecay = 0, MaxNorm = settings.GetProperty("clip").GetDouble() });

            Tensor loss = Loss();
            loss.backward();
            double[] expected = [.. variant.GetProperty("advantages").EnumerateArray().Select(value => value.GetDouble())];
            if (expected.Length == rewards.Length)
            {
                Assert.All(objective.Advantages(rewards, groups).Index(), advantage => Assert.Equal(expected[advantage.Index], advantage.Item, 9));
            }

            Golden.Close(variant.GetProperty("loss").GetDouble(), loss.ToDouble(), 5e-5, name);
            Check(".grad.", tensor => tensor.grad!, 1e-4);
            double norm = variant.GetProperty("grad_norm_before_clip").GetDouble();
            Golden.Close(norm, optimiser.Clip(), (1e-4 * norm) + 1e-6, $"{name}: norm");
            optimiser.Step(settings.GetProperty("lr").GetDouble());
            Check(".after.", tensor => tensor, 3e-4);
            using (no_grad())
            {
                Golden.Close(variant.GetProperty("loss_after_step").GetDouble(), Loss().ToDouble(), 3e-4, $"{name}: loss after the step");
            }

            seen++;

            Tensor Loss()
            {
                Tensor attention = golden.Long("attention_mask"), ids = golden.Long("input_ids"), labels = golden.Long("labels");
                long[] tiles = [.. facts.GetProperty("prompts").EnumerateArray().SelectMany(prompt => Enumerable.Repeat(ReferenceRows.Longs(prompt.GetProperty("tiles")), prompt.GetProperty("completions").GetArrayLength()).SelectMany(list => list))];
                Tensor logits = network.Forward(new TokenBatch(ids, labels, attention, (attention.cumsum(1) - 1).clamp(min: 0), ReferenceRows.Tiles(tiles)));
                Tensor policy = PreferenceObjective.TokenLogProbabilities(logits, labels);
                return objective.Loss(policy, golden.Float("logps.old"), golden.Float("logps.ref"), golden.Long("completion_mask"), rewards, groups);
            }

            void Check(string role, Func<Tensor, Tensor> value, double limit) => Assert.All(
                golden.Names.Where(key => key.StartsWith(name + role, StringComparison.Ordinal)),
                key => Golden.Close(golden.Float(key), value(trained[key[(name + role).Length..]]), limit, key));
        }

        Assert.Equal(8, seen);
    }

    private static GroupObjective Objective(JsonElement facts, JsonElement variant)
    {
        string aggregation = variant.GetProperty("aggregation").GetString()!, deviation = variant.GetProperty("std").ValueKind == JsonValueKind.String ? variant.GetProperty("std").GetString()! : "none";
        string name = variant.GetProperty("name").GetString()!;
        return new GroupObjective
        {
            Scale = deviation switch { "sample" => AdvantageScale.SampleDeviation, "population" => AdvantageScale.PopulationDeviation, _ => AdvantageScale.None },
            Aggregation = name switch
            {
                "dr-grpo" => TokenAggregation.AllowedLength,
                "dr-grpo-sum" => TokenAggregation.AnswerSum,
                "dapo" or "dapo-dynamic-sampling" => TokenAggregation.TokenMean,
                "dapo-per-prompt" => TokenAggregation.GroupMean,
                _ => aggregation == "sequence-mean" ? TokenAggregation.AnswerMean : throw new InvalidOperationException(aggregation),
            },
            ClipLow = variant.GetProperty("clip_low").GetDouble(),
            ClipHigh = variant.GetProperty("clip_high").GetDouble(),
            Beta = variant.GetProperty("kl_beta").GetDouble(),
            AllowedLength = facts.GetProperty("max_completion_length").GetInt32(),
            DropsEqualGroups = name == "dapo-dynamic-sampling",
        };
    }
}
