using System.Security.Cryptography;
using SafeVision.Evaluation.Symbols;
using SafeVision.Training.Data;
using SafeVision.Training.Data.Stages;
using SafeVision.Training.Starter;

namespace SafeVision.Training.Tests.Runs;

/// <summary>A training dataset of drawn scenes under a policy in words that the starter was never told: fruits, animals.</summary>
internal static class SceneDataset
{
    public const string Policy = """
        policy: kinds
        version: "1"
        categories:
          - id: a
            name: Fruits
            includes: [fruits]
            block: 0.5
            review: 0.4
          - id: b
            name: Animals
            includes: [animals]
            block: 0.5
            review: 0.4
        """;

    public static readonly string[] Names = TrainedStarter.Names;
    public static readonly string[] Sets = TrainedStarter.Sets;

    private static readonly Dictionary<string, string> s_categories = new() { ["banana"] = "a", ["carrot"] = "a", ["cat"] = "b", ["fox"] = "b", ["penguin"] = "b" };

    /// <summary>Writes samples.jsonl, images and the policy: one thing in each scene, whose kind decides; and a list of what is there.</summary>
    public static async Task WriteAsync(string folder, int train, int refine, int test, int imageSize = 112, int seed = 5)
    {
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        Directory.CreateDirectory(Path.Combine(folder, "policies"));
        await File.WriteAllTextAsync(Path.Combine(folder, "policies", "kinds.yaml"), Policy);
        using var scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = seed, Names = Names, Sets = Sets, KeepsColors = true, MostThings = 1, ImageSize = imageSize });
        var samples = new List<TrainingSample>();
        for (int i = 0; i < train + refine + test; i++)
        {
            SymbolScene scene = scenes.Draw(i);
            byte[] png = RgbImage.Png(scene);
            string name = scene.Symbols[0].Name, image = $"images/{i:0000}.png";
            await File.WriteAllBytesAsync(Path.Combine(folder, image), png);
            string? category = s_categories.GetValueOrDefault(name);
            string mark = category is null ? ScenePolicy.Safe : $"<|{category.ToUpperInvariant()}|>", answer = category is null ? mark : $"{mark}{ScenePolicy.Reason} {name}";
            TrainingSplit split = i < train ? TrainingSplit.Train : i < train + refine ? TrainingSplit.Refine : TrainingSplit.Test;
            string hash = Convert.ToHexStringLower(SHA256.HashData(png));
            samples.Add(new TrainingSample
            {
                Id = $"policy-{i:0000}",
                Image = image,
                ImageHash = hash,
                Kind = QuestionKind.Policy,
                Split = split,
                Policy = "kinds.yaml",
                Category = category,
                Turns =
                [
                    new TrainingTurn("Is it allowed?", answer)
                    {
                        Critical = [new CriticalSpan(0, mark.Length, CriticalRole.Category), .. category is null ? Array.Empty<CriticalSpan>() : [new CriticalSpan(mark.Length, ScenePolicy.Reason.Length, CriticalRole.Reason), new CriticalSpan(answer.Length - name.Length, name.Length, CriticalRole.Offender)]],
                    },
                ],
            });
            samples.Add(new TrainingSample { Id = $"list-{i:0000}", Image = image, ImageHash = hash, Kind = QuestionKind.List, Split = split, Turns = [new TrainingTurn(" list", $" {name}")] });
        }

        await TrainingDataset.WriteAsync(folder, samples.ToAsyncEnumerable());
    }
}
