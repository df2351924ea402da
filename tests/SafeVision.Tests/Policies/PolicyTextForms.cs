using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

/// <summary>The same policy written in other ways than <see cref="SafetyPolicy.ToYaml"/> writes it.</summary>
internal static class PolicyTextForms
{
    private static readonly JsonSerializerOptions s_escaped = new() { WriteIndented = true };
    private static readonly JsonSerializerOptions s_raw = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A JSON file with every part written out, indented and with everything but ASCII escaped.</summary>
    public static string ToJson(SafetyPolicy policy) => Tree(policy).ToJsonString(s_escaped);

    /// <summary>A JSON file without any space, and with the keys in the opposite order.</summary>
    public static string ToCompactJson(SafetyPolicy policy) => Reversed(Tree(policy)).ToJsonString(s_raw);

    /// <summary>YAML with comments, blank lines and Windows line ends.</summary>
    public static string ToCommentedYaml(SafetyPolicy policy) =>
        $"# a comment\r\n\r\n{policy.ToYaml().Replace("\n", "  # and another\r\n\r\n", StringComparison.Ordinal)}";

    private static JsonObject Tree(SafetyPolicy policy) => new()
    {
        ["policy"] = policy.Name,
        ["version"] = policy.Version,
        ["onFailure"] = PolicyValueReader.Word(policy.OnFailure),
        ["defaults"] = new JsonObject { ["whenNotAssessed"] = PolicyValueReader.Word(policy.WhenNotAssessed) },
        ["categories"] = new JsonArray([.. policy.Categories.Select(Tree)]),
    };

    private static JsonObject Tree(SafetyCategory category)
    {
        JsonObject tree = new()
        {
            ["id"] = category.Id,
            ["name"] = category.Name,
            ["includes"] = new JsonArray([.. category.Includes.Select(phrase => JsonValue.Create(phrase))]),
            ["excludes"] = new JsonArray([.. category.Excludes.Select(phrase => JsonValue.Create(phrase))]),
            ["review"] = category.ReviewAt,
            ["block"] = category.BlockAt,
        };
        if (category.Protects.Length > 0)
        {
            tree["protects"] = category.Protects;
        }

        if (category.Severity is { } levels)
        {
            tree["severity"] = new JsonObject(new (string Name, double? Level)[] { ("low", levels.Low), ("medium", levels.Medium), ("high", levels.High) }
                .Where(level => level.Level is not null).Select(level => KeyValuePair.Create(level.Name, (JsonNode?)level.Level)));
        }

        if (category.WhenNotAssessed is Decision decision)
        {
            tree["whenNotAssessed"] = PolicyValueReader.Word(decision);
        }

        return tree;
    }

    private static JsonNode Reversed(JsonNode node) => node switch
    {
        JsonObject map => new JsonObject(map.Reverse().Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)Reversed(entry.Value!)))),
        JsonArray list => new JsonArray([.. list.Select(item => Reversed(item!))]),
        _ => node.DeepClone(),
    };
}
