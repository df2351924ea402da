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
        Assert.Equal([0, 1, 1], new SupervisedObjective { Weighting = AnswerWeighting.Share, CriticalTokens = critical }.Weights(ids, labels).data<double>().ToArray());
        Assert.Equal(0.5, new SupervisedObjective { Weighting = AnswerWeighting.Share, CriticalTokens = critical, HasFloor = false }.Weights(ids, labels)[0, 1].ToDouble(), 12);
    }

    [Fact]
    public void By_verdict_an_answer_loses_its_share_of_the_verdict_and_the_rest_of_the_mean_over_its_other_tokens()
    {
        var objective = new SupervisedObjective { CriticalTokens = new HashSet<long> { 20, 21, 30 }, Share = 0.25 };
        (Tensor ids, Tensor labels) = Answers([20, 2], [21, 30, 5, 6, 2], [7, 8, 2], []);
        Tensor logits = randn([4, ids.shape[1], 40], ScalarType.Float64, generator: new Generator(5));
        double[,] losses = Losses();
        double[] rows =
        [
            (0.25 * losses[0, 0]) + (0.75 * losses[0, 1]),
            (0.25 * (losses[1, 0] + losses[1, 1])) + (0.75 * (losses[1, 2] + losses[1, 3] + losses[1, 4]) / 3),
            (losses[2, 0] + losses[2, 1] + losses[2, 2]) / 3, // no verdict
        ];

        Assert.Equal([0.25, 0.75, 0, 0, 0], objective.Weights(ids, labels)[0].data<double>().ToArray());
        Assert.Equal(rows.Average(), objective.Loss(logits, ids, labels).ToDouble(), 12); // the row without an answer does not count

        double[,] Losses()
        {
            double[] all = SupervisedObjective.TokenLosses(logits, labels).data<double>().ToArray();
            var table = new double[4, 5];
            Buffer.BlockCopy(all, 0, table, 0, all.Length * sizeof(double));
            return table;
        }
    }

    [Theory]
    [InlineData(AnswerWeighting.Verdict, 0)]
    [InlineData(AnswerWeighting.Plain, 0)]
    [InlineData(AnswerWeighting.Share, 1)]
    public void A_model_that_does_not_know_is_drawn_to_neither_verdict_when_both_are_right_equally_often_unless_the_weight_hangs_on_length(AnswerWeighting weighting, int sign)
    {
        (Tensor ids, Tensor labels) = Answers([20, 2], [21, 30, 5, 6, 2]);
        Tensor logits = zeros([2, ids.shape[1], 40], ScalarType.Float64).requires_grad_(true);
        new SupervisedObjective { Weighting = weighting, CriticalTokens = new HashSet<long> { 20, 21, 30 } }.Loss(logits, ids, labels).backward();

        Assert.Equal(sign, Math.Sign(Math.Round(Pull(21) - Pull(20), 12)));

        double Pull(long verdict) => Enumerable.Range(0, 2).Sum(answer => logits.grad![answer, 0, verdict].ToDouble()); // where the verdict is said
    }

    /// <summary>One question token, and an answer behind it; padded.</summary>
    private static (Tensor Ids, Tensor Labels) Answers(params long[][] answers)
    {
        int longest = answers.Max(answer => answer.Length);
        long[] labels = [.. answers.SelectMany(answer => (long[])[-100, .. answer, .. Enumerable.Repeat(-100L, longest - answer.Length)])];
        long[] shape = [answers.Length, longest + 1];
        return (tensor([.. labels.Select(label => label < 0 ? 0 : label)], shape), tensor(labels, shape));
    }
}
