using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;

namespace SafeVision.Conversion.Tests.Quantization;

/// <summary>What every form of weights must do, held against plain arithmetic on what ONNX Runtime computes.</summary>
public sealed class WeightFormTests
{
    public static TheoryData<int, int, int, int> Shapes()
    {
        var data = new TheoryData<int, int, int, int>();
        foreach (int bits in new[] { 4, 8 })
        {
            foreach (int block in new[] { 32, 64, 128 })
            {
                foreach ((int rows, int columns) in new[] { (1, 32), (3, 40), (5, 64), (1, 1), (7, 100), (33, 129), (64, 256) })
                {
                    data.Add(bits, block, rows, columns);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void ONNX_Runtime_reads_the_blocks_as_they_were_written(int bits, int block, int rows, int columns)
    {
        using var folder = new TemporaryFolder();
        var format = new BlockFormat(bits, block);
        float[] values = Weights.Normal(rows * columns, 1, columns), bias = Weights.Normal(rows, 1, 2);
        float[] identity = new float[columns * columns]; // multiplied by it, the weights come out themselves: a single 1 is exact in 8 bits
        for (int i = 0; i < columns; i++)
        {
            identity[(i * columns) + i] = 1;
        }

        var layer = new LinearLayer("layer", FormGraph.Matrix(rows, columns, values), bias, LinearRole.TextMlp, 1, 3);
        (float[] result, _) = FormGraph.Linear(folder, (graph, linear, input) => BlockMatMul.Add(graph, linear, format, input), layer, identity);

        byte[] packed = new byte[format.RowBytes(columns)], zeros = new byte[format.ZeroBytes(columns)];
        float[] scales = new float[format.Blocks(columns)];
        for (int row = 0; row < rows; row++)
        {
            Assert.True(BlockQuantizer.TryQuantize(values.AsSpan(row * columns, columns), format, packed, scales, zeros));
            for (int column = 0; column < columns; column++)
            {
                double expected = Weights.Dequantize(packed, scales, zeros, format, column) + bias[row];
                Assert.InRange(result[(column * rows) + row] - expected, -1e-5, 1e-5);
            }
        }
    }

    // The bounds are a little above what was measured; 4 bits lose 8 % of normal weights by themselves.
    [Theory]
    [InlineData("float32", 1e-6)]
    [InlineData("float16", 1e-3)]
    [InlineData("int8", 0.03)]
    [InlineData("int4", 0.09)]
    [InlineData("int4-block64", 0.1)]
    [InlineData("int4-block128", 0.11)]
    public void A_linear_layer_loses_no_more_than_its_form_allows(string name, double bound)
    {
        using var folder = new TemporaryFolder();
        IWeightForm form = WeightForms.Find(name);
        const int Rows = 96, Columns = 256, Tokens = 37;
        float[] weight = Weights.Normal(Rows * Columns, 0.02, 1), bias = Weights.Normal(Rows, 0.1, 2), x = Weights.Normal(Tokens * Columns, 1, 3);
        foreach (LinearRole role in Enum.GetValues<LinearRole>())
        {
            var layer = new LinearLayer("layer", FormGraph.Matrix(Rows, Columns, weight), bias, role, 1, 3);
            (float[] result, _) = FormGraph.Linear(folder, (graph, linear, input) => FormGraph.AddCast(form, graph, linear, input), layer, x);
            double error = 0, power = 0;
            for (int i = 0; i < result.Length; i++)
            {
                (int token, int row) = Math.DivRem(i, Rows);
                double expected = bias[row];
                for (int k = 0; k < Columns; k++)
                {
                    expected += (double)weight[(row * Columns) + k] * x[(token * Columns) + k];
                }

                error += Math.Pow(result[i] - expected, 2);
                power += expected * expected;
            }

            Assert.InRange(Math.Sqrt(error / power), 0, bound);
        }
    }

    [Fact]
    public void With_a_scale_for_each_row_a_token_of_large_numbers_coarsens_no_other_and_one_of_zeros_gives_the_bias()
    {
        using var folder = new TemporaryFolder();
        const int Rows = 96, Columns = 256, Tokens = 5, Large = 2, Zero = 3;
        float[] weight = Weights.Normal(Rows * Columns, 0.02, 1), bias = Weights.Normal(Rows, 0.1, 2), x = Weights.Normal(Tokens * Columns, 1, 3);
        for (int k = 0; k < Columns; k++)
        {
            x[(Large * Columns) + k] *= 1000;
            x[(Zero * Columns) + k] = 0;
        }

        var layer = new LinearLayer("layer", FormGraph.Matrix(Rows, Columns, weight), bias, LinearRole.TextMlp, 1, 3);
        (float[] byRow, _) = FormGraph.Linear(folder, DynamicMatMul.AddByRow, layer, x);
        (float[] whole, _) = FormGraph.Linear(folder, DynamicMatMul.Add, layer, x);
        double[] errors = [.. Enumerable.Range(0, Tokens).Select(token => Error(byRow, token))];
        Assert.All(errors, error => Assert.InRange(error, 0, 0.03));
        Assert.Equal(bias, byRow[(Zero * Rows)..((Zero + 1) * Rows)]);
        Assert.True(Error(whole, 0) > 20 * errors[0], "one scale for all did no harm to begin with");

        double Error(float[] result, int token)
        {
            (double error, double power) = (0, 0);
            for (int row = 0; row < Rows; row++)
            {
                double expected = bias[row];
                for (int k = 0; k < Columns; k++)
                {
                    expected += (double)weight[(row * Columns) + k] * x[(token * Columns) + k];
                }

                error += Math.Pow(result[(token * Rows) + row] - expected, 2);
                power += expected * expected;
            }

            return Math.Sqrt(error / power);
        }
    }

    [Theory]
    [InlineData("float32", 0)]
    [InlineData("float16", 0.0005)]
    [InlineData("int8", 0.004)]
    [InlineData("int4", 0.004)]
    public void An_embedding_loses_no_more_than_its_form_allows_relative_to_the_largest_number_of_its_row(string name, double bound)
    {
        using var folder = new TemporaryFolder();
        float[] values = Weights.Normal(11 * 48, 0.02, 5);
        values.AsSpan(3 * 48, 48).Clear(); // an unused token
        long[] ids = [10, 0, 3, 3, 7];
        float[] result = FormGraph.Embedding(folder, WeightForms.Find(name), FormGraph.Matrix(11, 48, values), ids);
        for (int i = 0; i < ids.Length; i++)
        {
            float[] row = values[((int)ids[i] * 48)..(((int)ids[i] * 48) + 48)];
            for (int k = 0; k < 48; k++)
            {
                Assert.InRange(Math.Abs(result[(i * 48) + k] - row[k]), 0, (bound * row.Max(MathF.Abs)) + 1e-12);
            }
        }
    }

    [Theory]
    [InlineData("float16", float.NaN)]
    [InlineData("float16", 70000f)]
    [InlineData("int8", float.PositiveInfinity)]
    [InlineData("int8", float.NaN)]
    [InlineData("int4", float.NegativeInfinity)]
    [InlineData("int4", float.NaN)]
    public void A_weight_that_the_form_can_not_hold_is_refused_by_the_tensors_name(string name, float value)
    {
        using var folder = new TemporaryFolder();
        IWeightForm form = WeightForms.Find(name);
        float[] values = Weights.Normal(4 * 64, 0.02, 1);
        values[130] = value;
        WeightMatrix matrix = FormGraph.Matrix(4, 64, values, "model.layers.3.weight");
        foreach (LinearRole role in Enum.GetValues<LinearRole>())
        {
            var layer = new LinearLayer("layer", matrix, null, role, 1, 3);
            CheckpointException linear = Assert.Throws<CheckpointException>(
                () => FormGraph.Linear(folder, (graph, layer, input) => FormGraph.AddCast(form, graph, layer, input), layer, new float[64]));
            Assert.Contains("'model.layers.3.weight'", linear.Message, StringComparison.Ordinal);
        }

        CheckpointException embedding = Assert.Throws<CheckpointException>(() => FormGraph.Embedding(folder, form, matrix, [0]));
        Assert.Contains("'model.layers.3.weight'", embedding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_with_outliers_keeps_8_bits_and_the_outer_layers_sooner_than_the_inner_ones()
    {
        Assert.Equal(4, BitsOf(Weights.Normal(32 * 256, 0.02, 1), depth: 0));
        Assert.Equal(4, BitsOf(Weights.Normal(32 * 256, 0.02, 1), depth: 2));

        float[] few = Weights.Normal(32 * 256, 0.02, 1), many = [.. few];
        for (int i = 0; i < few.Length; i += 40)
        {
            (few[i], many[i]) = (0.07f, 0.3f);
        }

        Assert.Equal(8, BitsOf(few, depth: 0));
        Assert.Equal(8, BitsOf(few, depth: 4));
        Assert.Equal(4, BitsOf(few, depth: 2));
        Assert.Equal(8, BitsOf(many, depth: 2));
    }

    [Fact]
    public void In_4_bits_wide_feed_forward_layers_have_blocks_of_64_with_zero_points_and_lose_hardly_more()
    {
        using var folder = new TemporaryFolder();
        const int Rows = 48, Columns = 896, Tokens = 9;
        float[] weight = Weights.Normal(Rows * Columns, 0.02, 1), x = Weights.Normal(Tokens * Columns, 1, 3);
        var errors = new Dictionary<LinearRole, double>();
        foreach ((LinearRole role, int block, int inputs) in new[] { (LinearRole.TextMlp, 64, 4), (LinearRole.TextAttention, 32, 3) })
        {
            var layer = new LinearLayer("layer", FormGraph.Matrix(Rows, Columns, weight), null, role, 1, 3);
            var graph = new OnnxGraph("blocks");
            WeightForms.Find("int4").Linear(graph, layer, "x");
            NodeProto node = Assert.Single(graph.Proto.Node);
            Assert.Equal((block, inputs), ((int)node.Attribute.Single(attribute => attribute.Name == "block_size").I, node.Input.Count));
            (float[] result, _) = FormGraph.Linear(folder, WeightForms.Find("int4").Linear, layer, x);
            (double error, double power) = (0, 0);
            for (int i = 0; i < result.Length; i++)
            {
                double expected = Enumerable.Range(0, Columns).Sum(k => (double)weight[(i % Rows * Columns) + k] * x[(i / Rows * Columns) + k]);
                error += Math.Pow(result[i] - expected, 2);
                power += expected * expected;
            }

            errors[role] = Math.Sqrt(error / power);
        }

        Assert.InRange(errors[LinearRole.TextMlp], 0.05, 0.09);
        Assert.InRange(errors[LinearRole.TextMlp] / errors[LinearRole.TextAttention], 1, 1.1);
    }

    [Fact]
    public void In_4_bits_the_head_and_the_projector_keep_8_and_the_vision_tower_is_rounded_as_it_runs()
    {
        IWeightForm form = WeightForms.Find("int4");
        var graph = new OnnxGraph("roles");
        WeightMatrix matrix = FormGraph.Matrix(32, 256, Weights.Normal(32 * 256, 0.02, 1));
        foreach (LinearRole role in Enum.GetValues<LinearRole>())
        {
            form.Linear(graph, new LinearLayer($"{role}", matrix, null, role, 1, 3), "x");
        }

        Assert.Equal(
            ["TextAttention MatMulNBits 4", "TextMlp MatMulNBits 4", "Vocabulary MatMulNBits 8", "Head MatMulNBits 8", "Vision DynamicQuantizeMatMul ", "Projector MatMulNBits 8"],
            graph.Proto.Node.Select(node => $"{node.Output[0].Split('/')[0]} {node.OpType} {node.Attribute.FirstOrDefault(attribute => attribute.Name == "bits")?.I}"));
    }

    [Theory]
    [InlineData("int4", 1)]
    [InlineData("int4-block128", 3)]
    public void Of_a_head_in_4_bits_the_tokens_that_a_verdict_is_made_of_keep_8(string name, int tokens)
    {
        using var folder = new TemporaryFolder();
        const int Rows = 96, Columns = 256;
        int[] verdict = [95, 0, 17, 17, 500]; // one twice, and one that a part of the model lacks
        float[] weight = Weights.Normal(Rows * Columns, 0.02, 1), x = Weights.Normal(tokens * Columns, 1, 3);
        var layer = new LinearLayer("head", FormGraph.Matrix(Rows, Columns, weight), null, LinearRole.Vocabulary, 4, 5);
        IWeightForm form = WeightForms.Find(name).Sparing(SparedLayers.None with { VerdictTokens = verdict });
        (float[] result, string[] operators) = FormGraph.Linear(folder, form.Linear, layer, x);
        double[] error = new double[2], power = new double[2];
        for (int i = 0; i < result.Length; i++)
        {
            int of = verdict.Contains(i % Rows) ? 1 : 0;
            double expected = Enumerable.Range(0, Columns).Sum(k => (double)weight[(i % Rows * Columns) + k] * x[(i / Rows * Columns) + k]);
            error[of] += Math.Pow(result[i] - expected, 2);
            power[of] += expected * expected;
        }

        Assert.Equal(2, operators.Count(operation => operation == "MatMulNBits"));
        Assert.InRange(Math.Sqrt(error[0] / power[0]), 0.05, 0.12);
        Assert.InRange(Math.Sqrt(error[1] / power[1]), 0, 0.02);
    }

    private static long BitsOf(float[] weight, int depth)
    {
        var graph = new OnnxGraph("bits");
        WeightForms.Find("int4").Linear(graph, new LinearLayer("layer", FormGraph.Matrix(32, 256, weight), null, LinearRole.TextMlp, depth, 5), "x");
        return Assert.Single(graph.Proto.Node).Attribute.Single(attribute => attribute.Name == "bits").I;
    }
}
