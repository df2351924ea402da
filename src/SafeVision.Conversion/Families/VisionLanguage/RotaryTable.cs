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

    private RotaryTable(float[] frequencies, int rows) => (_frequencies, Rows) = (frequencies, rows);

    /// <summary>How many positions it has.</summary>
    public int Rows { get; }

    /// <summary>Half the size of a head.</summary>
    public int Columns => _frequencies.Length;

    /// <summary>Turns per position, in radians.</summary>
    public ReadOnlySpan<float> Frequencies => _frequencies;

    /// <param name="headSize">An even number.</param>
    /// <param name="theta">The base of the frequencies.</param>
    /// <param name="positions">How many positions the model knows; of more than 131072 only those get an angle.</param>
    /// <param name="scaling">The configuration's <c>rope_scaling</c> or <c>rope_parameters</c>; null: none.</param>
    /// <param name="where">For messages.</param>
    public static RotaryTable Create(int headSize, double theta, int positions, JsonElement? scaling, string where)
    {
        float[] frequencies = new float[headSize / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = 1 / (float)Math.Pow(theta, (float)(2 * i) / headSize);
        }

        if (scaling is { ValueKind: JsonValueKind.Object } json)
        {
            Scale(frequencies, json, where);
        }

        return new RotaryTable(frequencies, Math.Min(positions, MostRows));
    }

    /// <summary>Adds the cosines and the sines of all positions to a graph, each [rows, columns], and returns their names.</summary>
    public (string Cosines, string Sines) Write(OnnxGraph graph, TensorProto.Types.DataType type) =>
        (Write(graph, "rotary.cosines", type, Math.Cos), Write(graph, "rotary.sines", type, Math.Sin));

    private static void Scale(float[] frequencies, JsonElement scaling, string where)
    {
        string type = CheckpointJson.OptionalText(scaling, "rope_type", where) ?? CheckpointJson.OptionalText(scaling, "type", where) ?? "default";
        switch (type)
        {
            // Multimodal sections are the family's business. Dynamic scaling begins behind the positions that the model knows.
            case "default" or "dynamic" or "mrope":
                break;
            case "linear":
                double factor = Factor(scaling, "factor", where);
                for (int i = 0; i < frequencies.Length; i++)
                {
                    frequencies[i] = (float)(frequencies[i] / factor);
                }

                break;
            case "llama3":
                ScaleLlama3(frequencies, scaling, where);
                break;
            default:
                throw new CheckpointException($"{where}: the rotary scaling '{type}' is not known; default, dynamic, linear and llama3 are.");
        }
    }

    // Low frequencies are stretched, high ones stay, those between blend (transformers, modeling_rope_utils.py, "llama3").
    private static void ScaleLlama3(float[] frequencies, JsonElement scaling, string where)
    {
        double factor = Factor(scaling, "factor", where);
        double low = Factor(scaling, "low_freq_factor", where), high = Factor(scaling, "high_freq_factor", where);
        if (!(low < high))
        {
            throw new CheckpointException($"{where}: 'low_freq_factor' must be below 'high_freq_factor'.");
        }

        double context = Factor(scaling, "original_max_position_embeddings", where);
        for (int i = 0; i < frequencies.Length; i++)
        {
            double wavelength = 2 * Math.PI / frequencies[i];
            double smooth = Math.Clamp(((context / wavelength) - low) / (high - low), 0, 1);
            frequencies[i] = (float)(((1 - smooth) * frequencies[i] / factor) + (smooth * frequencies[i]));
        }
    }

    private static double Factor(JsonElement scaling, string name, string where) => CheckpointJson.Number(scaling, name, where) is > 0 and double factor
        ? factor
        : throw new CheckpointException($"{where}: '{name}' must be above 0.");

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
                    values[i] = (float)function(row * _frequencies[i]);
                    halves[i] = (Half)values[i];
                }

                stream.Write(isHalf ? MemoryMarshal.AsBytes<Half>(halves) : MemoryMarshal.AsBytes<float>(values));
            }
        });
    }
}
