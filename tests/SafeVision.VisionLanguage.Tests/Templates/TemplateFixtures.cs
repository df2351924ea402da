using System.Text.Json;
using SafeVision.VisionLanguage.Templates;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Templates;

/// <summary>Makes templates and their variables for tests.</summary>
internal static class TemplateFixtures
{
    public static Template Parse(string text) => Template.Parse(text, new TemplateSource("test.jinja"));

    public static string Render(string text, TemplateMap? variables = null) => Parse(text).Render(variables ?? new TemplateMap()).Text;

    /// <summary>JSON as the values of a template; texts by a function.</summary>
    public static object? Values(JsonElement json, Func<string, PromptText> text) => json.ValueKind switch
    {
        JsonValueKind.Object => Map(json, text),
        JsonValueKind.Array => json.EnumerateArray().Select(item => Values(item, text)).ToList(),
        JsonValueKind.String => text(json.GetString()!),
        JsonValueKind.Number => json.TryGetInt64(out long whole) ? whole : (object)json.GetDouble(),
        JsonValueKind.Null => null,
        _ => json.GetBoolean(),
    };

    public static TemplateMap Map(JsonElement json, Func<string, PromptText> text)
    {
        var map = new TemplateMap();
        foreach (JsonProperty property in json.EnumerateObject())
        {
            map[property.Name] = Values(property.Value, text);
        }

        return map;
    }
}
