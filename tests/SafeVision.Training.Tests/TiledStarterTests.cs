using SafeVision.Conversion;
using SafeVision.Evaluation.Symbols;
using SafeVision.Policies;
using SafeVision.Training.Data;
using SafeVision.Training.Starter;
using SafeVision.VisionLanguage;

namespace SafeVision.Training.Tests;

/// <summary>Scenes of several tiles, and a starter that learns from them as the engine will cut them.</summary>
public sealed class TiledStarterTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Scenes_of_several_tiles_are_always_the_same_and_small_things_lie_within_them()
    {
        using var scenes = new TiledScenes(TrainedStarter.Names, TrainedStarter.Sets, side: 112, seed: 3);
        using var again = new TiledScenes(TrainedStarter.Names, TrainedStarter.Sets, side: 112, seed: 3);
        for (int i = 0; i < 12; i++)
        {
            SymbolScene scene = scenes.Draw(i, i);
            (int columns, int rows) = TiledScenes.Grids[i % TiledScenes.Grids.Count];
            Assert.Equal((columns * 112, rows * 112, columns * rows * 112 * 112 * 3), (scene.Size, scene.Height, scene.Pixels.Length));
            Assert.InRange(scene.Symbols.Count, 2, 4);
            Assert.True(scene.Pixels.Span.SequenceEqual(again.Draw(i, i).Pixels.Span));
            Assert.All(scene.Symbols, symbol =>
            {
                Assert.True(symbol.Box.X >= 0 && symbol.Box.Y >= 0 && symbol.Box.X + symbol.Box.Width <= 1 && symbol.Box.Y + symbol.Box.Height <= 1);
                Assert.InRange(symbol.Box.Width * scene.Size, 1, 56); // at most half of a tile
                Assert.Equal(SymbolScenes.PositionOf(symbol.Box), symbol.Position);
            });
        }

        Assert.False(scenes.Draw(0, 0).Pixels.Span.SequenceEqual(scenes.Draw(4, 0).Pixels.Span));
    }

    [Fact]
    public async Task A_starter_learns_from_tiles_as_the_engine_cuts_them_and_its_model_takes_them()
    {
        using TemporaryFolder folder = new();
        string checkpoint = Path.Combine(folder.Path, "checkpoint"), model = Path.Combine(folder.Path, "model"), data = Path.Combine(folder.Path, "data");
        var options = new StarterTrainingOptions { Names = TrainedStarter.Names, Sets = TrainedStarter.Sets, TileSteps = 1, LanguageSteps = 1, TiledSteps = 6, Scenes = 4, Questions = 2 };
        var losses = new List<double>();
        using (StarterTraining training = StarterTraining.Create(checkpoint, options))
        {
            training.Run(new Listener(losses), Token); // fails where an image's marks are not as many as its tiles give tokens
        }

        Assert.Equal(8, losses.Count);
        Assert.All(losses, loss => Assert.True(double.IsFinite(loss)));
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = checkpoint, Destination = model }, null, Token);

        // The words around an image in training are those that the engine writes.
        SafetyPolicy policy = SafetyPolicy.Define("scenes", "1").Category("a", category => category.Includes("cat")).Build();
        PromptEncoder encoder = PromptEncoder.Open(model);
        (IReadOnlyList<int> before, IReadOnlyList<int> after) = Assert.Single(encoder.Ask(policy, VisionLanguageMode.Fast));
        Assert.Equal(encoder.Tokenizer.Encode("<|im_start|>user\n"), before);
        Assert.Equal(encoder.Tokenizer.Encode("\n policy<|A|> cat ?<|im_end|>\n<|im_start|>assistant\n"), after);

        await StarterDataset.WriteAsync(data, new StarterDatasetOptions { Names = options.Names, Sets = options.Sets, Train = 0, Refine = 0, Test = 4, IsTiled = true }, Token);
        TrainingDataset dataset = await TrainingDataset.OpenAsync(data, Token);
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseVisionLanguageModel(model, engine => engine.Mode = VisionLanguageMode.Fast));
        var tokens = new List<int>();
        await foreach (HeldOutSample held in dataset.ReadTestAsync(Token).Where(held => held.Sample.Id.EndsWith("policy0", StringComparison.Ordinal)))
        {
            GuardrailResult result = await guardrail.CheckAsync(dataset.OpenImage(held.Sample), Token);
            Assert.Null(result.Failure);
            tokens.Add((int)result.Provenance.Tokens!.Prompt - before.Count - after.Count - 2); // <img> and </img>
        }

        Assert.Equal(TiledScenes.Grids.Select(grid => ((grid.Columns * grid.Rows) + 1) * 16), tokens);
    }

    private sealed class Listener(List<double> losses) : IProgress<Optimisation.StepRecord>
    {
        public void Report(Optimisation.StepRecord value) => losses.Add(value.Loss);
    }
}
