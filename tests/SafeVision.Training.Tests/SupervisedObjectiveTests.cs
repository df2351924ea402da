using System.Text.Json;
using SafeVision.Training.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

public class SupervisedObjectiveTests
{
    [Fact]
    public void Losses_weights_and_gradients_equal_the_reference_for_every_published_rule()
    {
        using Golden golden = new("weighted-loss");
        int seen = 0;
        foreach (JsonElement row in golden.Json.GetProperty("cases").EnumerateArray())
        {
            string id = row.GetProperty("id").GetString()!, batch = row.GetProperty("batch").GetString()!, rule = row.GetProperty("rule").GetString()!;
            if (rule is not ("plain-ce" or "positional") || row.TryGetProperty("p_forced", out _))
            {
                continue; // proposals of the fixtures' author that are no part of the product, and positions that no batch has
            }

            using DisposeScope scope = NewDisposeScope();
            var objective = new SupervisedObjective
            {
                Weighting = rule == "positional" ? AnswerWeighting.Positional : AnswerWeighting.Plain,
                AssistantMark = [.. golden.Json.GetProperty("pattern").EnumerateArray().Select(token => token.GetInt64())],
                RaisedPositions = row.TryGetProperty("boosted", out JsonElement boosted) ? boosted.GetInt32() : 3,
                Divisor = row.TryGetProperty("divisor", out JsonElement divisor) ? divisor.GetDouble() : 6,
            };
            Tensor logits = golden.Double($"{batch}.logits").requires_grad_(true);
            Tensor loss = objective.Loss(logits, golden.Long($"{batch}.input_ids"), golden.Long($"{batch}.labels"));
            loss.backward();
            Golden.Close(row.GetProperty("loss").GetDouble(), loss.ToDouble(), 1e-9, id);
            Golden.Close(row.GetProperty("grad_norm").GetDouble(), logits.grad!.norm().ToDouble(), 1e-7, $"{id}: norm of the gradient");
            if (golden.Has($"{id}.grad"))
            {
                Golden.Close(golden.Float($"{id}.grad"), logits.grad!, 1e-6, $"{id}: gradient");
            }

            if (golden.Has($"{id}.weights"))
            {
                Golden.Close(golden.Double($"{id}.weights"), objective.Weights(golden.Long($"{batch}.input_ids"), golden.Long($"{batch}.labels"))[0], 1e-12, $"{id}: weights");
            }

            seen++;
        }

        Assert.True(seen >= 14, $"{seen} cases");
    }

    [Fact]
    public void A_short_answer_does_not_weigh_its_verdict_down()
    {
        Tensor ids = tensor(new long[] { 5, 6, 20, 2 }, [1, 4]), labels = tensor(new long[] { -100, -100, 20, 2 }, [1, 4]);
        var critical = new HashSet<long> { 20 };
        Assert.Equal([0, 1, 1], new SupervisedObjective { CriticalTokens = critical }.Weights(ids, labels).data<double>().ToArray());
        Assert.Equal(0.5, new SupervisedObjective { CriticalTokens = critical, HasFloor = false }.Weights(ids, labels)[0, 1].ToDouble(), 12);
    }
}
