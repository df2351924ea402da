using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SafeVision.Tests.Policies;

/// <summary>The part of JSON Schema 2020-12 that the policy schema uses. A keyword that it does not know fails, so that nothing in
/// the schema goes unchecked.</summary>
internal sealed class JsonSchemaSubset(string schema)
{
    private static readonly string[] s_annotations = ["$schema", "$defs", "title", "description", "default", "then"];

    private readonly JsonObject _root = JsonNode.Parse(schema)!.AsObject();

    public bool IsValid(JsonNode? value) => IsValid(value, _root);

    private bool IsValid(JsonNode? value, JsonObject schema) =>
        schema.All(rule => s_annotations.Contains(rule.Key) || Holds(value, rule.Key, rule.Value!, schema));

    private bool Holds(JsonNode? value, string keyword, JsonNode rule, JsonObject schema) => keyword switch
    {
        "$ref" => IsValid(value, Resolve(rule.GetValue<string>())),
        "type" => rule is JsonArray types ? types.Any(type => IsOfType(value, type!.GetValue<string>())) : IsOfType(value, rule.GetValue<string>()),
        "enum" => rule.AsArray().Any(allowed => JsonNode.DeepEquals(allowed, value)),
        "required" => value is not JsonObject map || rule.AsArray().All(key => map.ContainsKey(key!.GetValue<string>())),
        "properties" => value is not JsonObject map || rule.AsObject().All(property => !map.TryGetPropertyValue(property.Key, out JsonNode? part) || IsValid(part, property.Value!.AsObject())),
        "additionalProperties" => rule.GetValue<bool>() || value is not JsonObject map || map.All(property => schema["properties"]!.AsObject().ContainsKey(property.Key)),
        "items" => value is not JsonArray list || list.All(item => IsValid(item, rule.AsObject())),
        "minItems" => value is not JsonArray list || list.Count >= rule.GetValue<int>(),
        "maxItems" => value is not JsonArray list || list.Count <= rule.GetValue<int>(),
        "uniqueItems" => value is not JsonArray list || list.Select(item => item!.ToJsonString()).Distinct().Count() == list.Count,
        "minLength" => Text(value) is not string text || text.Length >= rule.GetValue<int>(),
        "maxLength" => Text(value) is not string text || text.Length <= rule.GetValue<int>(),
        "pattern" => Text(value) is not string text || Regex.IsMatch(text, rule.GetValue<string>()),
        "maximum" => Number(value) is not double number || number <= rule.GetValue<double>(),
        "exclusiveMinimum" => Number(value) is not double number || number > rule.GetValue<double>(),
        "anyOf" => rule.AsArray().Any(choice => IsValid(value, choice!.AsObject())),
        "not" => !IsValid(value, rule.AsObject()),
        "if" => !IsValid(value, rule.AsObject()) || IsValid(value, schema["then"]!.AsObject()),
        _ => throw new NotSupportedException($"The check knows no keyword '{keyword}'."),
    };

    private static bool IsOfType(JsonNode? value, string type) => type switch
    {
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => Text(value) is not null,
        "number" => Number(value) is not null,
        _ => throw new NotSupportedException($"The check knows no type '{type}'."),
    };

    private static string? Text(JsonNode? value) => value is JsonValue scalar && scalar.TryGetValue(out string? text) ? text : null;

    private static double? Number(JsonNode? value) => value is JsonValue scalar && scalar.TryGetValue(out double number) ? number : null;

    private JsonObject Resolve(string reference) =>
        reference.Split('/').Skip(1).Aggregate(_root, (part, name) => part[name]!.AsObject());
}
