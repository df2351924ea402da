using System.Security.Cryptography;
using System.Text.Json.Nodes;
using SafeVision.Models;

namespace SafeVision.Tests.Fakes;

/// <summary>A classifier of a few hundred bytes in a folder of its own: it tells red, green and blue pictures apart by their mean
/// colour, and its manifest says that red is a weapon.</summary>
internal sealed class TinyModel : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tiny-model-");

    /// <param name="onnx">The model file; null: a sound one.</param>
    /// <param name="change">Alters the manifest, which by then fits the file.</param>
    public TinyModel(byte[]? onnx = null, Action<JsonObject>? change = null)
    {
        byte[] model = onnx ?? Graph().ToArray();
        File.WriteAllBytes(PathOf("model.onnx"), model);
        var manifest = (JsonObject)JsonNode.Parse($$"""
            {
              "schema": 1, "id": "tiny", "kind": "imageClassifier", "license": "MIT", "file": "model.onnx",
              "sha256": "{{Convert.ToHexStringLower(SHA256.HashData(model))}}",
              "input": "input", "outputs": { "logits": "logits", "features": "features", "headWeights": "head_weights" },
              "preprocessing": { "resize": { "mode": "exact", "size": 8, "filter": "bilinear" }, "mean": [0, 0, 0], "std": [1, 1, 1] },
              "labels": ["red", "green", "blue"],
              "categories": { "red": { "Weapons_Substance_Abuse": 1 } },
              "goldens": [{ "name": "noise", "seed": 7, "shape": [1, 3, 8, 8], "output": "logits", "outputs": [0, 0, 0] }]
            }
            """)!;
        change?.Invoke(manifest);
        File.WriteAllText(PathOf(ModelManifest.FileName), manifest.ToJsonString());
    }

    public string Folder => _folder.FullName;

    public string PathOf(string file) => Path.Combine(_folder.FullName, file);

    /// <summary>The parts of the graph can be changed; by default they fit together.</summary>
    public static OnnxBytes Graph(int type = OnnxBytes.Float, long size = 8, long batch = -1, long labels = 3, string features = "features", Action<OnnxBytes>? head = null)
    {
        var graph = new OnnxBytes();
        if (head is null)
        {
            float[] weights = new float[labels * 3];
            for (int i = 0; i < Math.Min(labels, 3); i++)
            {
                weights[(i * 3) + i] = 20;
            }

            graph.Weights("head", [labels, 3], weights);
        }
        else
        {
            head(graph);
        }

        return graph
            .Input("input", type, batch, 3, size, size)
            .Node("AveragePool", ["input"], features, ("kernel_shape", new long[] { 4, 4 }), ("strides", new long[] { 4, 4 }))
            .Node("GlobalAveragePool", [features], "pooled")
            .Node("Flatten", ["pooled"], "flat")
            .Node("Gemm", ["flat", "head"], "logits", ("transB", 1L))
            .Node("Identity", ["head"], "head_weights")
            .Output("logits", type, batch, labels)
            .Output(features, type, batch, 3, size / 4, size / 4)
            .Output("head_weights", type, labels, 3);
    }

    public static ImageSource Picture(byte red, byte green, byte blue) => ImageSource.FromPixels(
        Enumerable.Repeat(new[] { red, green, blue }, 64).SelectMany(pixel => pixel).ToArray(), 8, 8, SafeVision.Imaging.PixelFormat.Rgb24);

    public void Dispose() => _folder.Delete(recursive: true);
}
