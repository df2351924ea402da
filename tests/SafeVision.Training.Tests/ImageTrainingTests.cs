using System.Text.Json;
using SafeVision.Training.Adapters;
using SafeVision.Training.Networks;
using SafeVision.Training.Objectives;
using SafeVision.Training.Optimisation;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

/// <summary>Ten steps of training with images, stopped and resumed, against transformers, peft and torch.</summary>
public class ImageTrainingTests
{
    public static TheoryData<string, string> Runs =>
    [
        ("qwen2", "full"), ("qwen2", "lora"), ("qwen2", "lora-positional"), ("llama", "full"), ("llama", "lora"), ("llama", "lora-positional"),
    ];

    [Theory]
    [MemberData(nameof(Runs))]
    public void Ten_steps_end_where_the_reference_ends_and_a_stopped_run_ends_there_bit_for_bit(string key, string run)
    {
        using Golden golden = new("images/train");
        Dictionary<string, float[]> whole = Train(golden, key, run, stopsAt: null), resumed = Train(golden, key, run, stopsAt: 5);
        Assert.Equal(whole.Keys.Order(), resumed.Keys.Order());
        Assert.All(whole, entry => Assert.Equal(entry.Value, resumed[entry.Key]));
    }

    private static Dictionary<string, float[]> Train(Golden golden, string key, string run, int? stopsAt)
    {
        JsonElement facts = golden.Json.GetProperty(key), settings = facts.GetProperty("runs").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == run);
        using Golden step = new("images/step");
        JsonElement ids = step.Json.GetProperty(key);
        var rows = new ReferenceRows(key);
        using TemporaryFolder folder = new();
        using var first = new Session(golden, key, run, facts, settings);
        for (int i = 0; i < (stopsAt ?? 10); i++)
        {
            first.Take(i, rows, ids);
        }

        if (stopsAt is null)
        {
            first.CheckEnd(golden, key, run, rows, ids);
            return first.Values();
        }

        first.Training.Save(folder.Path);
        using var second = new Session(golden, key, run, facts, settings);
        second.Training.Load(folder.Path);
        for (int i = second.Training.Step; i < 10; i++)
        {
            second.Take(i, rows, ids);
        }

        return second.Values();
    }

    private sealed class Session : IDisposable
    {
        private readonly TrainableNetwork _network;
        private readonly LowRankAdapter? _adapter;
        private readonly IReadOnlyDictionary<string, Tensor> _trained;
        private readonly JsonElement _facts, _settings;

        public Session(Golden golden, string key, string run, JsonElement facts, JsonElement settings)
        {
            (_facts, _settings) = (facts, settings);
            _network = TrainableNetwork.Load(Golden.PathOf($"vlm/{facts.GetProperty("checkpoint").GetString()}"));
            if (run == "full")
            {
                _network.Weights.AddTokens([.. facts.GetProperty("new_tokens").EnumerateArray().Select(token => new TokenStart(token.GetProperty("id").GetInt32(), [.. token.GetProperty("sub_token_ids").EnumerateArray().Select(id => id.GetInt32())]))]);
                _trained = _network.Weights.Train(name => !name.Contains("vision_tower", StringComparison.Ordinal));
            }
            else
            {
                _adapter = LowRankAdapter.Load(Golden.PathOf($"images/start-{key}"));
                _network.Weights.Adapter = _adapter;
                _ = _network.Weights.Train(_ => false);
                _trained = _adapter.Train();
            }

            HashSet<string> still = settings.TryGetProperty("no_decay", out JsonElement list) ? [.. list.EnumerateArray().Select(name => name.GetString()!)] : [];
            Assert.All(_trained.Keys, name => Assert.Equal(still.Contains(name), !AdamWOptions.DecaysByName(name)));
            Training = new TrainingRun(
                _trained,
                new LearningRate(settings.GetProperty("lr").GetDouble(), settings.GetProperty("warmup").GetInt32(), 10),
                new AdamWOptions { WeightDecay = settings.GetProperty("weight_decay").GetDouble(), MaxNorm = settings.GetProperty("clip").GetDouble() });
        }

        public TrainingRun Training { get; }

        public void Take(int step, ReferenceRows rows, JsonElement ids)
        {
            SupervisedObjective objective = ImageNetworkTests.Objective(ids, _settings);
            StepRecord record = Training.Take([.. Enumerable.Range(2 * step, 2).Select(index => (Func<Tensor>)(() =>
            {
                TokenBatch batch = rows.Batch([.. _facts.GetProperty("micro_batches")[index].EnumerateArray().Select(row => row.GetInt32())], ids.GetProperty("pad_id").GetInt64());
                return objective.Loss(_network.Forward(batch), batch.Ids, batch.Labels);
            }))]);
            JsonElement expected = _settings.GetProperty("steps_record")[step];
            Golden.Close(expected.GetProperty("loss").GetDouble(), record.Loss, 5e-5, $"loss of step {step}");
            double norm = expected.GetProperty("grad_norm_before_clip").GetDouble();
            Golden.Close(norm, record.Norm, (1e-4 * norm) + 1e-6, $"norm of step {step}");
        }

        public void CheckEnd(Golden golden, string key, string run, ReferenceRows rows, JsonElement ids)
        {
            string prefix = $"{key}.{run}.final.";
            foreach (string name in golden.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && name != prefix + "logits"))
            {
                Golden.Close(golden.Float(name), _trained[name[prefix.Length..]], 3e-4, name);
            }

            Logits($"{prefix}logits");
            if (_adapter is not null && golden.Has($"{key}.{run}.merged.logits"))
            {
                using (no_grad())
                {
                    _adapter.MergeInto(_network.Weights);
                }

                _network.Weights.Adapter = null;
                Logits($"{key}.{run}.merged.logits");
            }

            void Logits(string expected)
            {
                using IDisposable still = no_grad();
                Tensor places = golden.Long($"{key}.eval.positions"); // [12, 2]: row and position
                Tensor logits = _network.Forward(rows.Batch([2, 4], ids.GetProperty("pad_id").GetInt64()));
                Tensor picked = logits.flatten(0, 1).index_select(0, (places.select(1, 0) * logits.shape[1]) + places.select(1, 1));
                Golden.Close(golden.Float(expected), picked, 3e-3, expected);
            }
        }

        public Dictionary<string, float[]> Values() => _trained.ToDictionary(entry => entry.Key, entry => entry.Value.detach().data<float>().ToArray());

        public void Dispose()
        {
            Training.Dispose();
            _adapter?.Dispose();
            _network.Dispose();
        }
    }
}
