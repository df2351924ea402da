using System.Text.Json.Nodes;
using CsCheck;
using SafeVision.Conversion.Families;

namespace SafeVision.Conversion.Tests.Tfjs;

public sealed class HostileTopologyTests
{
    private static readonly string[] s_values =
        ["null", "true", "0", "-1", "1", "2", "7", "2147483647", "-2147483648", "99999999999", "1e300", "0.5", "\"\"", "\"x\"", "\"input\"", "\"MTI=\"", "[]", "{}", "[[]]", "[1,1,1,1]"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_topology_with_anything_anywhere_is_read_or_refused(bool layers)
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyTfjs();
        TinyTfjs.Write(folder.Root, layers ? TinyTfjs.Layers : TinyTfjs.Graph, layers ? tiny.Weights : tiny.GraphWeights, bundle: false, quantize: false);
        string path = folder.PathOf("model.json"), sound = File.ReadAllText(path);
        int places = Places(JsonNode.Parse(sound)!).Count;
        int refused = 0;
        Gen.Select(Gen.Int[0, places - 1], Gen.Int[-1, s_values.Length - 1]).Sample(
            change =>
            {
                JsonNode model = JsonNode.Parse(sound)!;
                Change(Places(model)[change.Item1], change.Item2);
                File.WriteAllText(path, model.ToJsonString());
                try
                {
                    using FamilyModel read = new TfjsClassifier().Read(folder.Root, TinyTfjs.Recipe);
                }
                catch (CheckpointException exception)
                {
                    refused++;
                    Assert.NotEmpty(exception.Message);
                }
            },
            iter: 4000, threads: 1);
        Assert.True(refused > 1000, $"only {refused} were refused");
    }

    /// <summary>Removes a node (-1) or puts another value in its place.</summary>
    private static void Change(JsonNode place, int value)
    {
        JsonNode? replacement = value < 0 ? null : JsonNode.Parse(s_values[value]);
        switch (place.Parent)
        {
            case JsonObject parent when value < 0:
                parent.Remove(place.GetPropertyName());
                break;
            case JsonArray parent when value < 0:
                parent.Remove(place);
                break;
            case JsonObject parent:
                parent[place.GetPropertyName()] = replacement;
                break;
            case JsonArray parent:
                parent[place.GetElementIndex()] = replacement;
                break;
        }
    }

    private static List<JsonNode> Places(JsonNode root)
    {
        List<JsonNode> places = [root];
        for (int i = 0; i < places.Count; i++)
        {
            places.AddRange(places[i] switch
            {
                JsonObject node => node.Select(entry => entry.Value).OfType<JsonNode>(),
                JsonArray node => node.OfType<JsonNode>(),
                _ => [],
            });
        }

        return places;
    }
}
