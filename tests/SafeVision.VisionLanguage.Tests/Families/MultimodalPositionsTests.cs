using CsCheck;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage.Tests.Families;

public sealed class MultimodalPositionsTests
{
    private const string Tensors = "vlm/qwen2vl-tiny/goldens.safetensors";

    [Theory]
    [InlineData("multi")]
    [InlineData("batch")]
    [InlineData("text")]
    public void Positions_are_those_of_the_goldens_and_go_on_by_the_rope_delta(string golden)
    {
        (int[] shape, long[] ids) = GoldenTensors.SafeTensorsInt64(Tensors, $"{golden}.input_ids"); // [batch, tokens]
        long[] mask = GoldenTensors.SafeTensorsInt64(Tensors, $"{golden}.attention_mask").Values;
        long[] expected = GoldenTensors.SafeTensorsInt64(Tensors, $"{golden}.position_ids").Values; // [3, batch, tokens]
        long[] grids = golden == "text" ? [] : GoldenTensors.SafeTensorsInt64(Tensors, $"{golden}.image_grid_thw").Values;
        long[] deltas = golden == "text" ? [0] : GoldenTensors.SafeTensorsInt64(Tensors, $"{golden}.rope_deltas").Values;
        int image = 0;
        for (int row = 0; row < shape[0]; row++)
        {
            int padding = mask.AsSpan(row * shape[1], shape[1]).IndexOf(1), count = shape[1] - padding;
            TokenSequence tokens = Sequence(ids.AsSpan((row * shape[1]) + padding, count), grids, ref image);
            const int RightPadding = 5;
            long[] positions = new long[3 * (count + RightPadding)];
            MultimodalPositions.Shared.Write(tokens, 0, positions);
            for (int axis = 0; axis < 3; axis++)
            {
                long[] wanted = expected.AsSpan((((axis * shape[0]) + row) * shape[1]) + padding, count).ToArray();
                Assert.Equal(wanted, positions.AsSpan(axis * (count + RightPadding), count).ToArray());
                for (int after = 0; after < RightPadding; after++)
                {
                    Assert.Equal(count + after + deltas[row], positions[(axis * (count + RightPadding)) + count + after]);
                }
            }
        }

        Assert.Equal(grids.Length, image * 3);
    }

    [Fact]
    public void A_run_has_the_positions_that_the_whole_has_there() =>
        Gen.Select(Gen.Int[0, 6], Gen.Int[1, 4], Gen.Int[1, 5], Gen.Int[0, 6], Gen.Int[1, 3], Gen.Int[0, 40], Gen.Int[0, 40])
            .Sample((before, rows, columns, between, secondRows, from, length) =>
            {
                var tokens = new TokenSequence(new int[before + (rows * columns) + between + secondRows + 3],
                [
                    Span(before, 1, rows, columns),
                    Span(before + (rows * columns) + between, 1, secondRows, 1),
                ]);
                long[] whole = new long[3 * tokens.Count];
                MultimodalPositions.Shared.Write(tokens, 0, whole);
                from = Math.Min(from, tokens.Count);
                length = Math.Min(length, tokens.Count - from);
                long[] run = new long[3 * length];
                MultimodalPositions.Shared.Write(tokens, from, run);

                for (int axis = 0; axis < 3; axis++)
                {
                    Assert.Equal(whole.AsSpan((axis * tokens.Count) + from, length).ToArray(), run.AsSpan(axis * length, length).ToArray());
                }
            }, iter: 500, threads: 1);

    private static TokenSequence Sequence(ReadOnlySpan<long> ids, long[] grids, ref int image)
    {
        const int ImageToken = 503;
        var spans = new List<ImageSpan>();
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] == ImageToken)
            {
                spans.Add(Span(i, (int)grids[image * 3], (int)grids[(image * 3) + 1] / 2, (int)grids[(image * 3) + 2] / 2));
                i = spans[^1].End - 1;
                image++;
            }
        }

        return new TokenSequence([.. ids.ToArray().Select(id => (int)id)], spans);
    }

    private static ImageSpan Span(int start, int frames, int rows, int columns) => new(start, frames * rows * columns, 0, new ImagePlan
    {
        PixelShape = [],
        Tokens = frames * rows * columns,
        Text = "",
        Regions = [],
        Grid = (frames, rows, columns),
    });
}
