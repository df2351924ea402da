using System.Text.Json;
using SafeVision.Training.Adapters;
using SafeVision.Training.Networks;
using SafeVision.Training.Objectives;
using SafeVision.Training.Optimisation;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

public class PreferenceObjectiveTests
{
    [Fact]
    public void Every_form_of_the_loss_equals_the_reference()
    {
        using Golden golden = new("dpo/dpo");
        JsonElement start = golden.Json.GetProperty("start");
        Tensor chosen = golden.Double("logps.policy.chosen.tokens"), rejected = golden.Double("logps.policy.rejected.tokens");
        Tensor chosenTokens = Of(start.GetProperty("completion_tokens").GetProperty("chosen")), rejectedTokens = Of(start.GetProperty("completion_tokens").GetProperty("rejected"));
        (string Name, PreferenceObjective Objective)[] forms =
        [
            ("sigmoid", new()), ("sigmoid-beta0.5", new() { Beta = 0.5 }), ("sigmoid-smooth0.1", new() { LabelSmoothing = 0.1 }),
            ("robust0.1", new() { Kind = PreferenceLoss.Robust, LabelSmoothing = 0.1 }), ("hinge", new() { Kind = PreferenceLoss.Hinge }), ("ipo", new() { Kind = PreferenceLoss.Identity }),
        ];
        foreach ((string name, PreferenceObjective objective) in forms)
        {
            (Tensor pairs, Tensor loss) = objective.Loss(chosen, rejected, golden.Double("logps.ref.chosen"), golden.Double("logps.ref.rejected"), chosenTokens, rejectedTokens);
            JsonElement expected = start.GetProperty("losses").GetProperty(name);
            Golden.Close(Of(expected.GetProperty("per_pair")), pairs, 1e-9, name);
            Golden.Close(expected.GetProperty("mean").GetDouble(), loss.ToDouble(), 1e-9, name);
        }

        (_, Tensor mixed) = new PreferenceObjective { SupervisedWeight = 1 }.Loss(chosen, rejected, golden.Double("logps.ref.chosen"), golden.Double("logps.ref.rejected"), chosenTokens, rejectedTokens);
        Golden.Close(start.GetProperty("losses").GetProperty("sigmoid-plus-sft1").GetProperty("mean").GetDouble(), mixed.ToDouble(), 1e-9, "with the supervised part");
        Golden.Close(Of(start.GetProperty("chosen_rewards")), new PreferenceObjective().Rewards(golden.Double("logps.policy.chosen"), golden.Double("logps.ref.chosen")), 1e-9, "rewards");
    }

    [Theory]
    [InlineData("dpo")]
    [InlineData("dpo-plus-sft")]
    public void Steps_on_pairs_with_images_end_where_the_reference_ends(string run)
    {
        using Golden golden = new("images/dpo");
        JsonElement settings = golden.Json.GetProperty("runs").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == run);
        using TrainableNetwork network = TrainableNetwork.Load(Golden.PathOf($"vlm/{golden.Json.GetProperty("checkpoint").GetString()}"));
        _ = network.Weights.Train(_ => false);
        TokenBatch chosen = Batch("chosen"), rejected = Batch("rejected");
        Tensor referenceChosen, referenceRejected;
        using (no_grad())
        {
            (referenceChosen, referenceRejected) = (Tokens(chosen).sum(1), Tokens(rejected).sum(1)); // the adapter is off
            Golden.Close(golden.Float("logps.ref.chosen"), referenceChosen, 1e-3, "reference");
        }

        using LowRankAdapter adapter = LowRankAdapter.Load(Golden.PathOf($"images/{golden.Json.GetProperty("adapter").GetString()}"));
        network.Weights.Adapter = adapter;
        IReadOnlyDictionary<string, Tensor> trained = adapter.Train();
        var objective = new PreferenceObjective { Beta = golden.Json.GetProperty("beta").GetDouble(), SupervisedWeight = settings.GetProperty("sft_weight").GetDouble() };
        using var optimiser = new AdamW(trained, new AdamWOptions { WeightDecay = settings.GetProperty("weight_decay").GetDouble(), Decays = _ => true, MaxNorm = settings.GetProperty("clip").GetDouble() });
        JsonElement[] records = [.. settings.GetProperty("steps_record").EnumerateArray()];
        for (int step = 0; step < records.Length; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            optimiser.Clear();
            Tensor chosenTokens = Tokens(chosen), rejectedTokens = Tokens(rejected);
            (Tensor pairs, Tensor loss) = objective.Loss(chosenTokens, rejectedTokens, referenceChosen, referenceRejected, Count(chosen), Count(rejected));
            loss.backward();
            Golden.Close(records[step].GetProperty("loss").GetDouble(), loss.ToDouble(), 1e-4, $"loss of step {step}");
            Golden.Close(Of(records[step].GetProperty("per_pair")), pairs, 3e-4, $"pairs of step {step}");
            if (step == 0)
            {
                Check(".grad.", tensor => tensor.grad!, 1e-4);
            }

            optimiser.Clip();
            optimiser.Step(settings.GetProperty("lr").GetDouble() * settings.GetProperty("factors")[step].GetDouble());
        }

        Check(".final.", tensor => tensor, 3e-4);

        void Check(string role, Func<Tensor, Tensor> value, double limit) => Assert.All(
            golden.Names.Where(name => name.StartsWith(run + role, StringComparison.Ordinal)),
            name => Golden.Close(golden.Float(name), value(trained[name[(run + role).Length..]]), limit, name));

        TokenBatch Batch(string side)
        {
            Tensor attention = golden.Long($"{side}.attention_mask");
            long[] tiles = [.. golden.Json.GetProperty("pairs").EnumerateArray().SelectMany(pair => ReferenceRows.Longs(pair.GetProperty("tiles")))];
            return new TokenBatch(golden.Long($"{side}.input_ids"), golden.Long($"{side}.labels"), attention, (attention.cumsum(1) - 1).clamp(min: 0), ReferenceRows.Tiles(tiles));
        }

        Tensor Tokens(TokenBatch batch) => PreferenceObjective.TokenLogProbabilities(network.Forward(batch), batch.Labels);

        static Tensor Count(TokenBatch batch) => batch.Labels.ne(SupervisedObjective.Ignored).sum(1).to(ScalarType.Float32);
    }

    private static Tensor Of(JsonElement list) => tensor(list.EnumerateArray().Select(value => value.GetDouble()).ToArray());
}
