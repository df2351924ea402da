using SafeVision.Conversion.Checkpoints;
using SafeVision.Training.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

/// <summary>Qwen2.5-VL in both spellings against transformers, and what a saved network keeps of its checkpoint.</summary>
public class PublishedLayoutsTests
{
    [Theory]
    [InlineData("qwen2_5vl-tiny", "config.json")]
    [InlineData("qwen2_5vl-tiny", "config-transformers-4.5x.json")]
    [InlineData("qwen2_5vl-tiny", "config-transformers-5.json")]
    [InlineData("qwen2_5vl-resaved", "config.json")]
    public void Qwens_logits_equal_those_of_the_reference_windows_and_positions_included(string name, string config)
    {
        using Golden golden = new("vlm/qwen2_5vl-tiny/goldens");
        using TemporaryFolder folder = new();
        using TrainableNetwork network = TrainableNetwork.Load(With(name, config, folder.Path));
        using IDisposable still = no_grad();
        foreach (string row in new[] { "multi", "batch", "two", "text" })
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor attention = golden.Long($"{row}.attention_mask");
            bool hasImages = golden.Has($"{row}.pixel_values");
            long[] grids = hasImages ? golden.Long($"{row}.image_grid_thw").data<long>().ToArray() : [];
            var batch = new TokenBatch(golden.Long($"{row}.input_ids"), golden.Long($"{row}.input_ids"), attention, golden.Long($"{row}.position_ids"), hasImages ? golden.Float($"{row}.pixel_values") : null)
            {
                Grids = [.. grids.Chunk(3).Select(grid => ((int)grid[0], (int)grid[1] / 2, (int)grid[2] / 2))],
            };
            if (hasImages)
            {
                Golden.Close(golden.Float($"{row}.image_features"), network.See(batch)[0], 1e-3, $"{row}: image tokens");
            }

            Golden.Close(golden.Float($"{row}.logits"), network.Forward(batch) * attention.unsqueeze(-1), 1e-3, row);
        }
    }

    [Theory]
    [InlineData("internvl-internlm2-orig")]
    [InlineData("internvl-qwen2-orig")]
    [InlineData("qwen2_5vl-tiny")]
    [InlineData("qwen2_5vl-resaved")]
    public void A_saved_network_has_the_names_and_numbers_of_the_checkpoint_that_it_was_read_from(string name)
    {
        using TemporaryFolder folder = new();
        using (TrainableNetwork network = TrainableNetwork.Load(Golden.PathOf($"vlm/{name}")))
        {
            network.Weights.Save(folder.Path);
        }

        using CheckpointTensors expected = CheckpointTensors.Open(Golden.PathOf($"vlm/{name}")), saved = CheckpointTensors.OpenFile(Path.Combine(folder.Path, "model.safetensors"));
        Assert.Equal(expected.Names.Order(StringComparer.Ordinal), saved.Names.Order(StringComparer.Ordinal));
        Assert.All(expected.Names, tensor => Assert.True(expected.ShapeOf(tensor)!.SequenceEqual(saved.ShapeOf(tensor)!) && expected.Read(tensor).AsSpan().SequenceEqual(saved.Read(tensor)), tensor));
    }

    [Fact]
    public void Qwens_gradients_with_layers_computed_twice_are_those_of_one_pass()
    {
        using Golden golden = new("vlm/qwen2_5vl-tiny/goldens");
        float[] once = Gradient(recomputes: false), twice = Gradient(recomputes: true);

        Assert.Contains(once, value => value != 0);
        Assert.Equal(once, twice);

        float[] Gradient(bool recomputes)
        {
            using DisposeScope scope = NewDisposeScope();
            using TrainableNetwork network = TrainableNetwork.Load(Golden.PathOf("vlm/qwen2_5vl-tiny"));
            network.Recomputes = recomputes;
            IReadOnlyDictionary<string, Tensor> trained = network.Weights.Train(_ => true);
            long[] grid = golden.Long("multi.image_grid_thw").data<long>().ToArray();
            var batch = new TokenBatch(golden.Long("multi.input_ids"), golden.Long("multi.input_ids"), golden.Long("multi.attention_mask"), golden.Long("multi.position_ids"), golden.Float("multi.pixel_values"))
            {
                Grids = [((int)grid[0], (int)grid[1] / 2, (int)grid[2] / 2)],
            };
            network.Backward(network.Forward(batch).square().mean());
            return trained["model.visual.blocks.0.attn.qkv.weight"].grad!.data<float>().ToArray();
        }
    }

    /// <summary>The checkpoint with another of its configurations.</summary>
    private static string With(string name, string config, string folder)
    {
        string source = Golden.PathOf($"vlm/{name}");
        if (config == "config.json")
        {
            return source;
        }

        foreach (string file in Directory.EnumerateFiles(source))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        File.Copy(Path.Combine(source, config), Path.Combine(folder, "config.json"), overwrite: true);
        return folder;
    }
}
