using System.Text.Json.Nodes;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests.Families;

/// <summary>Every value of the files that preprocessing reads, replaced by what a stranger might write there.</summary>
public sealed class HostileConfigurationTests
{
    private static readonly string[] s_values =
        ["null", "-1", "0", "3", "0.5", "2147483647", "99999999999999999999", "1e300", "\"1\"", "[]", "[2147483647, 2147483647]", "{\"height\": 1e9, \"width\": 1e9, \"longest_edge\": 1e9}"];

    [Theory]
    [InlineData("internvl-qwen2-orig")]
    [InlineData("internvl-llama-hf")]
    [InlineData("smolvlm-tiny")]
    [InlineData("qwen2vl-tiny")]
    public void A_folder_with_any_value_replaced_is_read_within_bounds_or_refused_in_words(string model)
    {
        int read = 0, refused = 0;
        foreach (string file in (string[])["config.json", "preprocessor_config.json", "processor_config.json"])
        {
            using var folder = new ConfigurationFolder(model);
            string path = Path.Combine(folder.Folder, file);
            if (!File.Exists(path))
            {
                continue;
            }

            string original = File.ReadAllText(path);
            foreach (string place in Places(JsonNode.Parse(original)!.AsObject(), "").Where(place => !place.StartsWith("text_config", StringComparison.Ordinal) && !place.StartsWith("llm_config", StringComparison.Ordinal)))
            {
                foreach (string value in s_values)
                {
                    folder.Set(file, place, value);
                    try
                    {
                        IImagePreparation preparation = Images(folder.Read());
                        ImagePlan plan = preparation.Plan(640, 480);
                        Assert.InRange(plan.Tokens, 1, Math.Min(preparation.MaximumTokens, ImageBudget.MostTokens));
                        Assert.Equal(plan.Tokens, plan.Regions.Count);
                        Assert.InRange(plan.PixelCount, 1, 1 << 27);
                        read++;
                    }
                    catch (ModelLoadException exception)
                    {
                        Assert.Contains(folder.Folder, exception.Message, StringComparison.Ordinal);
                        refused++;
                    }

                    File.WriteAllText(path, original);
                }
            }
        }

        Assert.InRange(read, 100, int.MaxValue);
        Assert.InRange(refused, 50, int.MaxValue);
    }

    private static IImagePreparation Images(ModelConfiguration configuration) => configuration.Config["model_type"].Text() switch
    {
        "smolvlm" => Idefics3.Images(configuration, PreparationOptions.Default),
        "qwen2_vl" => Qwen2Vl.Images(configuration),
        _ => InternVl.Images(configuration, PreparationOptions.Default),
    };

    private static IEnumerable<string> Places(JsonObject json, string prefix)
    {
        foreach ((string name, JsonNode? value) in json)
        {
            yield return prefix + name;
            foreach (string inner in value is JsonObject nested ? Places(nested, $"{prefix}{name}.") : [])
            {
                yield return inner;
            }
        }
    }
}
