using System.Text.Json;
using SafeVision.Training.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

public class TokenBatchTests
{
    [Fact]
    public void Padded_and_packed_batches_equal_the_reference()
    {
        JsonElement file = JsonDocument.Parse(File.ReadAllBytes(Golden.PathOf("images/collate.json"))).RootElement;
        int seen = 0;
        foreach (JsonElement set in file.GetProperty("sets").EnumerateArray())
        {
            TokenRow[] rows = [.. set.GetProperty("rows").EnumerateArray().Select(row => new TokenRow(ReferenceRows.Longs(row.GetProperty("ids")), ReferenceRows.Longs(row.GetProperty("labels_all_turns"))))];
            JsonElement right = set.GetProperty("batch_right"), packed = set.GetProperty("packed");
            long padding = right.GetProperty("pad_id").GetInt64();
            TokenBatch batch = TokenBatch.Pad(rows, padding, null);
            Same(right.GetProperty("input_ids"), batch.Ids);
            Same(right.GetProperty("labels"), batch.Labels);
            Same(right.GetProperty("attention_mask"), batch.Attention);
            Same(right.GetProperty("position_ids"), batch.Positions * batch.Attention + Padding(right.GetProperty("position_ids"), batch.Attention));
            TokenBatch left = TokenBatch.Pad(rows, padding, null, isLeft: true);
            Same(set.GetProperty("batch_left").GetProperty("position_ids"), left.Positions * left.Attention + Padding(set.GetProperty("batch_left").GetProperty("position_ids"), left.Attention));

            IReadOnlyList<IReadOnlyList<int>> bins = TokenBatch.FirstFit(rows, packed.GetProperty("limit").GetInt32());
            JsonElement[] sequences = [.. packed.GetProperty("sequences").EnumerateArray()];
            Assert.Equal(sequences.Length, bins.Count);
            for (int i = 0; i < sequences.Length; i++)
            {
                Assert.Equal(ReferenceRows.Longs(sequences[i].GetProperty("rows")), bins[i].Select(row => (long)row));
                TokenBatch one = TokenBatch.Pack([[.. bins[i].Select(row => rows[row])]], padding, null);
                Same(sequences[i].GetProperty("input_ids"), one.Ids[0]);
                Same(sequences[i].GetProperty("labels"), one.Labels[0]);
                Same(sequences[i].GetProperty("position_ids"), one.Positions[0]);
                Same(sequences[i].GetProperty("segment_ids"), one.Attention[0] - 1);
            }

            seen++;
        }

        Assert.Equal(4, seen);
    }

    [Fact]
    public void Packed_conversations_have_the_losses_that_they_have_alone()
    {
        using TrainableNetwork network = TrainableNetwork.Load(Golden.PathOf("vlm/internvl-qwen2-hf"));
        using IDisposable still = no_grad();
        TokenRow first = new([617, 84, 529, 198, 40, 82, 618], [-100, -100, -100, -100, 40, 82, 618]), second = new([64, 493, 198, 624, 618], [-100, -100, -100, 624, 618]);
        Tensor together = Losses(TokenBatch.Pack([[first, second]], 616, null))[0];
        Golden.Close(Losses(TokenBatch.Pad([first], 616, null))[0], together.narrow(0, 0, 6), 1e-5, "first");
        Golden.Close(Losses(TokenBatch.Pad([second], 616, null))[0], together.narrow(0, 7, 4), 1e-5, "second");
        Assert.Equal(0, together[6].item<float>());

        Tensor Losses(TokenBatch batch) => SafeVision.Training.Objectives.SupervisedObjective.TokenLosses(network.Forward(batch), batch.Labels);
    }

    [Fact]
    public void Questions_that_share_a_beginning_have_the_losses_that_they_have_alone()
    {
        using TrainableNetwork network = TrainableNetwork.Load(Golden.PathOf("vlm/internvl-qwen2-hf"));
        using IDisposable still = no_grad();
        TokenRow beginning = Silent(617, 84, 529, 198), first = new([40, 82, 526, 618], [-100, -100, 526, 618]), second = new([64, 493, 624, 618, 198], [-100, -100, 624, 618, -100]);
        TokenBatch shared = TokenBatch.Share([(beginning, [first, second])], 616, null);
        Tensor together = Losses(shared)[0];
        Golden.Close(Losses(TokenBatch.Pad([Join(beginning, first)], 616, null))[0].narrow(0, 4, 3), together.narrow(0, 4, 3), 1e-5, "first");
        Golden.Close(Losses(TokenBatch.Pad([Join(beginning, second)], 616, null))[0].narrow(0, 4, 4), together.narrow(0, 8, 4), 1e-5, "second");

        Tensor Losses(TokenBatch batch) => SafeVision.Training.Objectives.SupervisedObjective.TokenLosses(network.Forward(batch), batch.Labels);
        static TokenRow Silent(params long[] ids) => new(ids, [.. ids.Select(_ => -100L)]);
        static TokenRow Join(TokenRow a, TokenRow b) => new([.. a.Ids, .. b.Ids], [.. a.Labels, .. b.Labels]);
    }

    /// <summary>Positions of padding mean nothing; the reference's are taken for them.</summary>
    private static Tensor Padding(JsonElement expected, Tensor attention) => Of(expected) * attention.eq(0).to(ScalarType.Int64);

    private static void Same(JsonElement expected, Tensor actual)
    {
        Tensor wanted = Of(expected);
        Assert.True(wanted.shape.SequenceEqual(actual.shape) && wanted.eq(actual).all().ToBoolean());
    }

    private static Tensor Of(JsonElement list) => list[0].ValueKind == JsonValueKind.Array
        ? stack([.. list.EnumerateArray().Select(row => tensor(ReferenceRows.Longs(row)))])
        : tensor(ReferenceRows.Longs(list));
}
