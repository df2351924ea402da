using System.Text.Json;
using SafeVision.Training.Optimisation;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

public class OptimiserTests
{
    private static readonly JsonElement s_facts = JsonDocument.Parse(File.ReadAllBytes(Golden.PathOf("images/optimiser.json"))).RootElement;

    [Fact]
    public void Every_step_of_AdamW_equals_the_reference_and_none_of_the_common_mistakes()
    {
        double[][] gradients = [.. s_facts.GetProperty("gradients").EnumerateArray().Select(Doubles)];
        double[] rates = Doubles(s_facts.GetProperty("lr"));
        foreach (JsonElement run in s_facts.GetProperty("runs").EnumerateArray())
        {
            Tensor value = tensor(Doubles(s_facts.GetProperty("start"))).requires_grad_(true);
            using var optimiser = new AdamW(
                new Dictionary<string, Tensor> { ["value"] = value },
                new AdamWOptions { Epsilon = run.GetProperty("eps").GetDouble(), WeightDecay = s_facts.GetProperty("weight_decay").GetDouble() });
            foreach (JsonElement step in run.GetProperty("steps").EnumerateArray())
            {
                int index = (int)step.GetProperty("step").GetDouble() - 1;
                value.grad = tensor(gradients[index]);
                optimiser.Step(rates[index]);
                Same(step.GetProperty("value"), value);
                Same(step.GetProperty("exp_avg"), optimiser.Moments("value").Mean);
                Same(step.GetProperty("exp_avg_sq"), optimiser.Moments("value").Square);
            }
        }
    }

    [Fact]
    public void Gradients_are_clipped_together_after_they_were_added_up()
    {
        JsonElement clip = s_facts.GetProperty("clip");
        JsonElement[] accumulated = [.. clip.GetProperty("accumulated_mean").EnumerateArray()];
        var tensors = accumulated.Select((gradient, i) => (Name: $"{i}", Value: zeros(gradient.GetArrayLength(), dtype: ScalarType.Float64).requires_grad_(true), Gradient: tensor(Doubles(gradient)))).ToArray();
        foreach ((_, Tensor value, Tensor gradient) in tensors)
        {
            value.grad = gradient;
        }

        using var optimiser = new AdamW(tensors.ToDictionary(entry => entry.Name, entry => entry.Value), new AdamWOptions { MaxNorm = clip.GetProperty("max_norm").GetDouble() });
        Golden.Close(clip.GetProperty("norm").GetDouble(), optimiser.Clip(), 1e-9, "norm");
        for (int i = 0; i < tensors.Length; i++)
        {
            Same(clip.GetProperty("clipped")[i], tensors[i].Value.grad!, 1e-6);
        }
    }

    [Fact]
    public void The_schedule_equals_the_stock_trainer()
    {
        JsonElement file = JsonDocument.Parse(File.ReadAllBytes(Golden.PathOf("lora/train.json"))).RootElement;
        foreach (JsonElement schedule in file.GetProperty("schedules").EnumerateArray())
        {
            var rate = new LearningRate(1, schedule.GetProperty("warmup").GetInt32(), schedule.GetProperty("total").GetInt32());
            double[] factors = Doubles(schedule.GetProperty("factors"));
            Assert.All(factors.Index(), factor => Assert.Equal(factor.Item, rate.Factor(factor.Index), 12));
        }
    }

    private static double[] Doubles(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetDouble())];

    private static void Same(JsonElement expected, Tensor actual, double limit = 1e-12) => Golden.Close(tensor(Doubles(expected)), actual, limit, "value");
}
