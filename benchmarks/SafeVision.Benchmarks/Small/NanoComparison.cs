using System.Globalization;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.VisionLanguage;

namespace SafeVision.Benchmarks.Small;

/// <summary>What an image costs SafeVision-Nano, with and without a reason, beside the default engine on the same drawings; all take turns, medians count.</summary>
internal static class NanoComparison
{
    private const int Images = 60;
    private const int WarmUps = 20;

    public static async Task RunAsync(TextWriter output)
    {
        SafetyPolicy policy = SafetyPolicy.Define("drawings", "1").Category("weapons", category => category.Includes("daggers", "bombs")).Category("smoking", category => category.Includes("cigarettes")).Build();
        await using IImageGuardrail objects = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
        await using IImageGuardrail fast = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseNano(options => options.Mode = VisionLanguageMode.Fast));
        await using IImageGuardrail reasoned = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseNano());
        (string Name, IImageGuardrail Guardrail, List<Lap> Laps)[] all = [("default engine", objects, []), ("Nano, fast", fast, []), ("Nano, with a reason", reasoned, [])];
        using var scenes = SymbolScenes.Create(new SymbolSceneOptions { Split = DatasetSplit.None, Sets = ["noto"] });
        for (int i = -WarmUps; i < Images; i++)
        {
            SymbolScene scene = scenes.Draw(i + WarmUps); // another one each time: what was seen of an image is kept for the next question about it
            var image = ImageSource.FromPixels(scene.Pixels, scene.Size, scene.Size, PixelFormat.Rgb24);
            foreach ((_, IImageGuardrail guardrail, List<Lap> laps) in all)
            {
                var clock = Stopclock.Start();
                _ = await guardrail.CheckAsync(image).ConfigureAwait(false);
                Lap lap = clock.Stop();
                if (i >= 0)
                {
                    laps.Add(lap);
                }
            }
        }

        var first = Lap.Median(all[0].Laps);
        output.WriteLine("| | ms an image | cpu ms | of the default engine |");
        output.WriteLine("|---|--:|--:|--:|");
        foreach ((string name, _, List<Lap> laps) in all)
        {
            var lap = Lap.Median(laps);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {lap.Wall:0.0} | {lap.Processor:0.0} | {lap.Wall / first.Wall:0.0} |"));
        }
    }
}
