using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using SafeVision.Models;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>Writes a head as the engine reads it: weights in 8 bits by row, and a manifest with what the file then computes.</summary>
internal static class DrawingsHeadFile
{
    private const int GoldenNumbers = 64;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string folder, string[] labels, float[][] rows, float[] offsets)
    {
        Directory.CreateDirectory(folder);
        float[] scales = new float[rows.Length];
        sbyte[] steps = new sbyte[rows.Length * rows[0].Length];
        Centre(rows, offsets);
        for (int row = 0; row < rows.Length; row++)
        {
            scales[row] = MathF.Max(MathF.Abs(TensorPrimitives.MaxMagnitude<float>(rows[row])), float.Epsilon) / sbyte.MaxValue;
            for (int channel = 0; channel < rows[row].Length; channel++)
            {
                steps[(row * rows[row].Length) + channel] = (sbyte)MathF.Round(rows[row][channel] / scales[row]);
            }
        }

        byte[] head = [.. MemoryMarshal.AsBytes(offsets.AsSpan()), .. MemoryMarshal.AsBytes(scales.AsSpan()), .. MemoryMarshal.AsBytes(steps.AsSpan())];
        File.WriteAllBytes(Path.Combine(folder, "head.i8"), head);
        string manifest = Path.Combine(folder, ModelManifest.FileName);
        File.WriteAllText(manifest, Manifest(folder, labels, head, []));
        FeatureHead written = FeatureHead.Load(ModelPackage.Open(folder));
        IEnumerable<ModelGolden> goldens = Enumerable.Range(1, 2)
            .Select(seed => new ModelGolden { Name = $"noise-{seed}", Seed = (ulong)seed, Shape = [written.Channels] })
            .Select(golden => golden with { Outputs = [.. written.Run(golden).Take(GoldenNumbers)] });
        File.WriteAllText(manifest, Manifest(
            folder, labels, head, [.. goldens.Select(golden => new { name = golden.Name, seed = golden.Seed, shape = golden.Shape, output = "probabilities", outputs = golden.Outputs })]));
    }

    /// <summary>A softmax is blind to what all rows share; without it fewer bits are lost.</summary>
    private static void Centre(float[][] rows, float[] offsets)
    {
        float[] mean = new float[rows[0].Length];
        Array.ForEach(rows, row => TensorPrimitives.MultiplyAdd(row, 1f / rows.Length, mean, mean));
        Array.ForEach(rows, row => TensorPrimitives.Subtract(row, mean, row));
        TensorPrimitives.Subtract(offsets, offsets.Average(), offsets);
    }

    private static string Manifest(string folder, string[] labels, byte[] head, object[] goldens) => JsonSerializer.Serialize(
        new
        {
            schema = 1,
            id = "drawn-symbols",
            kind = "classifierHead",
            description = $"{labels.Length} things that emoji, icons and clip art show, told from the features of efficientnet-lite0.",
            license = "MIT",
            source = $"fitted to drawings of npm @iconify-json/{string.Join(", ", DrawingCorpus.Sets)}; models/README.md has the versions",
            file = "head.i8",
            sha256 = Hash(head),
            bytes = head.Length,
            files = Directory.GetFiles(folder, "LICENSE*").ToDictionary(file => Path.GetFileName(file), file => Hash(File.ReadAllBytes(file))),
            featuresOf = DefaultModels.Objects.Manifest.Sha256,
            labelSet = "symbols",
            labels,
            display = labels.ToDictionary(label => label, label => $"a drawing of '{label}'"),
            calibration = DefaultModels.Drawings.Manifest.Calibration is { } kept ? new { slope = kept.Slope, midpoint = kept.Midpoint } : null,
            goldens,
        },
        s_json);

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
