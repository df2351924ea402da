using System.Text;
using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Layers;

namespace SafeVision.Conversion.Tfjs;

/// <summary>The attributes of a graph's node: texts are base64 there, and whole numbers are texts.</summary>
internal sealed class NodeAttributes
{
    private readonly string _where;
    private readonly JsonElement _json;

    public NodeAttributes(string path, string name, JsonElement node)
    {
        _where = $"{path}: node '{name}'";
        _json = node.TryGetProperty("attr", out JsonElement attributes) && attributes.ValueKind == JsonValueKind.Object ? attributes : default;
        if (Has("data_format") && Text("data_format") != "NHWC")
        {
            throw new CheckpointException($"{_where} has its channels first, which is not known here.");
        }

        if (Has("dilations") && Integers("dilations").Any(rate => rate != 1))
        {
            throw new CheckpointException($"{_where} is dilated, which is not known here.");
        }
    }

    public string Text(string name) => Decode(CheckpointJson.Text(Get(name), "s", $"{_where}: {name}"));

    public string[] FusedOperations() => Has("fused_ops")
        ? [.. List("fused_ops", "s").Select(item => item.ValueKind == JsonValueKind.String ? Decode(item.GetString()!) : throw new CheckpointException($"{_where}: fused_ops must be texts."))]
        : [];

    public (int Y, int X) Strides() => Pair("strides");

    /// <summary>The two inner numbers of four: [batch, rows, columns, channels].</summary>
    public (int Y, int X) Pair(string name) => Integers(name) is [1, >= 1 and <= ImageInput.LargestSize and int y, >= 1 and <= ImageInput.LargestSize and int x, 1]
        ? (y, x)
        : throw new CheckpointException($"{_where}: '{name}' must be [1, rows, columns, 1].");

    public NodeAttributes RequireUntransposed() => IsSet("transpose_a") || IsSet("transpose_b")
        ? throw new CheckpointException($"{_where} transposes what it multiplies, which is not known here.")
        : this;

    public int InputSize()
    {
        JsonElement shape = CheckpointJson.Property(Get("shape"), "shape", JsonValueKind.Object, _where);
        int[] sizes = [.. CheckpointJson.Property(shape, "dim", JsonValueKind.Array, _where).EnumerateArray().Select(dimension => Integer(
            dimension.ValueKind == JsonValueKind.Object && dimension.TryGetProperty("size", out JsonElement size) ? size : default))];
        return sizes is [-1 or 1, >= 1 and <= ImageInput.LargestSize and int height, int width, 3] && height == width
            ? height
            : throw new CheckpointException($"{_where} must take square colour pictures: [-1, size, size, 3] with a size up to {ImageInput.LargestSize}.");
    }

    private bool IsSet(string name) => Has(name) && Get(name).TryGetProperty("b", out JsonElement flag) && flag.ValueKind == JsonValueKind.True;

    private bool Has(string name) => _json.ValueKind == JsonValueKind.Object && _json.TryGetProperty(name, out _);

    private JsonElement Get(string name) => Has(name) ? _json.GetProperty(name) : throw new CheckpointException($"{_where} has no attribute '{name}'.");

    private int[] Integers(string name) => [.. List(name, "i").Select(Integer)];

    private JsonElement[] List(string name, string kind) =>
        [.. CheckpointJson.Property(CheckpointJson.Property(Get(name), "list", JsonValueKind.Object, _where), kind, JsonValueKind.Array, _where).EnumerateArray()];

    private int Integer(JsonElement json)
    {
        string? text = json.ValueKind switch
        {
            JsonValueKind.String => json.GetString(),
            JsonValueKind.Number => json.GetRawText(),
            _ => null,
        };
        return int.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out int value)
            ? value
            : throw new CheckpointException($"{_where} has something other than a whole number in a list of such.");
    }

    private string Decode(string base64)
    {
        byte[] bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out int length)
            ? Encoding.ASCII.GetString(bytes, 0, length)
            : throw new CheckpointException($"{_where} has a text that is not base64.");
    }
}
