using System.Text.Json.Nodes;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Tests.Models;

public sealed class ModelManifestTests
{
    [Theory]
    [InlineData("nsfw-mobilenet-v2-mid")]
    [InlineData("efficientnet-lite0")]
    [InlineData("drawn-symbols")]
    [InlineData("taxonomy")]
    public void The_manifests_of_the_default_models_are_read(string name) =>
        Assert.Equal(name, ModelPackage.Open(Repository.PathOf($"models/{name}")).Manifest.Id);

    [Theory]
    [InlineData("schema", "2", "schema 2")]
    [InlineData("kind", "\"oracle\"", "oracle")]
    [InlineData("id", "null", "id")]
    [InlineData("license", "null", "license")]
    [InlineData("file", "null", "file")]
    [InlineData("sha256", "null", "sha256")]
    [InlineData("sha256", "\"ABC\"", "sha256")]
    [InlineData("outputs", "{\"logits\": null}", "outputs")]
    [InlineData("files", "{\"LICENSE\": null}", "files")]
    [InlineData("labels", "[\"a\", null]", "labels")]
    [InlineData("labels", "null", "labels")]
    [InlineData("preprocessing", "null", "preprocessing")]
    [InlineData("aliases", "{\"cat\": null}", "aliases")]
    [InlineData("aliases", "{\"cat\": [null]}", "aliases")]
    [InlineData("aliases", "{\"horse\": []}", "horse")]
    [InlineData("display", "{\"cat\": null}", "display")]
    [InlineData("categories", "{\"cat\": null}", "categories")]
    [InlineData("categories", "{\"cat\": {\"Sexual\": 0}}", "weight")]
    [InlineData("fullCategories", "[null]", "fullCategories")]
    [InlineData("labelEmbeddings", "{\"file\": \"x\"}", "labelEmbeddings")]
    [InlineData("goldens", "[null]", "goldens")]
    [InlineData("calibration", "{\"slope\": -1, \"midpoint\": 0.5}", "calibration")]
    [InlineData("tokenizer", "{\"kind\": \"x\", \"vocabulary\": \"v\", \"lowerCase\": true, \"maxTokens\": 9}", "tokenizer")]
    [InlineData("categorys", "{}", "categorys")]
    public void A_manifest_that_is_wrong_anywhere_is_refused_by_the_property(string property, string value, string message)
    {
        JsonObject manifest = Sound();
        manifest[property] = JsonNode.Parse(value);
        ModelLoadException exception = Assert.Throws<ModelLoadException>(() => Read(manifest.ToJsonString()));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("schema")]
    [InlineData("id")]
    [InlineData("kind")]
    [InlineData("license")]
    [InlineData("file")]
    [InlineData("sha256")]
    public void A_property_that_every_model_has_must_be_there(string property)
    {
        JsonObject manifest = Sound();
        manifest.Remove(property);
        Assert.Contains(property, Assert.Throws<ModelLoadException>(() => Read(manifest.ToJsonString())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"schema\": 1")]
    public void What_is_no_manifest_is_refused(string text) => Assert.Throws<ModelLoadException>(() => Read(text));

    [Fact]
    public void What_is_left_out_is_empty()
    {
        ModelManifest manifest = Read(Sound().ToJsonString());
        Assert.Equal("input", manifest.Input);
        Assert.Empty(manifest.Aliases);
        Assert.Empty(manifest.Goldens);
        Assert.Equal(["cat", "kitten"], manifest.NamesOf("cat, kitten"));
    }

    private static JsonObject Sound() => JsonNode.Parse($$"""
        {
          "schema": 1, "id": "pets", "kind": "imageClassifier", "license": "MIT", "file": "model.onnx", "sha256": "{{new string('a', 64)}}",
          "labels": ["cat", "dog"],
          "preprocessing": {"resize": {"mode": "exact", "size": 8, "filter": "bilinear"}, "rescale": 1, "mean": [0, 0, 0], "std": [1, 1, 1]}
        }
        """)!.AsObject();

    private static ModelManifest Read(string text)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, ModelManifest.FileName), text);
            return ModelManifest.Read(ModelFolder.OnDisk(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
