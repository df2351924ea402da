using System.Runtime.InteropServices;
using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// The angles of rotary position embeddings (Su et al., arXiv 2104.09864), half rotation: number i of a head turns with
/// number i + size / 2. Angles are rounded to float32 as the reference does, for at high positions that shows.
/// </summary>
internal sealed class RotaryTable
{
    private const int MostRows = 1 << 17;

    private readonly float[] _frequencies;

    private RotaryTable(float[] frequencies, double magnitude, int rows, bool isCut) => (_frequencies, Magnitude, Rows, Limit) = (frequencies, magnitude, rows, isCut ? rows : null);

    /// <summary>How many positions it has.</summary>
    public int Rows { get; }

    /// <summary>The most positions that a host may use, where they are fewer than the configuration promises; null: as many as it says.</summary>
    public int? Limit { get; }

    /// <summary>Half the size of a head.</summary>
    public int Columns => _frequencies.Length;

    /// <summary>Turns per position, in radians.</summary>
    public ReadOnlySpan<float> Frequencies => _frequencies;

    /// <summary>What cosines and sines are multiplied by: 1 but for models that were stretched to longer texts.</summary>
    public double Magnitude { get; }

    /// <summary>Reads what a language model's configuration says of its angles.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="headSize">An even number.</param>
    /// <param name="where">For messages.</param>
    /// <exception cref="CheckpointException">It asks for what is not known here; the message names the property.</exception>
    public static RotaryTable Read(JsonElement config, int headSize, string where)
    {
        JsonElement? parameters = CheckpointJson.OptionalObject(config, "rope_parameters", where);
        JsonElement? scaling = parameters ?? CheckpointJson.OptionalObject(config, "rope_scaling", where);
        double theta = (parameters is { } json ? CheckpointJson.OptionalNumber(json, "rope_theta", where) : null) ?? CheckpointJson.OptionalNumber(config, "rope_theta", where) ?? 10000;
        if (!(theta > 1))
        {
            throw new CheckpointException($"{where}: 'rope_theta' must be above 1.");
        }

        foreach (JsonElement part in scaling is { } given ? [config, given] : new[] { config })
        {
            if ((CheckpointJson.OptionalNumber(part, "partial_rotary_factor", where) ?? 1) is not 1 and double share)
            {
                throw new CheckpointException($"{where}: 'partial_rotary_factor' is {share}; only heads that are turned whole, 1, are known here.");
            }
        }

        float[] frequencies = new float[headSize / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = 1 / (float)Math.Pow(theta, (float)(2 * i) / headSize);
        }

        int positions = CheckpointJson.OptionalInteger(config, "max_position_embeddings", 1, int.MaxValue, where) ?? 2048;
        int trained = CheckpointJson.OptionalInteger(config, "original_max_position_embeddings", 1, int.MaxValue, where) ?? positions;
        (double magnitude, int known) = scaling is null ? (1, positions) : new RotaryScaling(scaling.Value, theta, trained, positions, where).Apply(frequencies);
        known = Math.Min(known, MostRows);
        return new RotaryTable(frequencies, magnitude, known, known < positions);
    }

    /// <summary>Adds the cosines and the sines of all positions to a graph, each [rows, columns], and returns their names.</summary>
    public (string Cosines, string Sines) Write(OnnxGraph graph, TensorProto.Types.DataType type) =>
        (Write(graph, "rotary.cosines", type, Math.Cos), Write(graph, "rotary.sines", type, Math.Sin));

    private string Write(OnnxGraph graph, string name, TensorProto.Types.DataType type, Func<double, double> function)
    {
        bool isHalf = type == TensorProto.Types.DataType.Float16;
        return graph.Deferred(name, type, [Rows, Columns], (long)Rows * Columns * (isHalf ? 2 : sizeof(float)), stream =>
        {
            float[] values = new float[Columns];
            Half[] halves = new Half[Columns];
            for (int row = 0; row < Rows; row++)
            {
                for (int i = 0; i < Columns; i++)
                {
                    values[i] = (float)(function(row * _frequencies[i]) * Magnitude);
                    halves[i] = (Half)values[i];
                }

                stream.Write(isHalf ? MemoryMarshal.AsBytes<Half>(halves) : MemoryMarshal.AsBytes<float>(values));
            }
        });
    }
}
