using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;

namespace SafeVision.Evaluation.Tests.Symbols;

public sealed class SymbolScenesTests
{
    [Fact]
    public void The_same_seed_gives_the_same_scenes_in_any_order_on_any_thread()
    {
        using SymbolScenes scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = 5, ImageSize = 160 });
        using SymbolScenes again = SymbolScenes.Create(new SymbolSceneOptions { Seed = 5, ImageSize = 160 });
        using SymbolScenes other = SymbolScenes.Create(new SymbolSceneOptions { Seed = 6, ImageSize = 160 });
        SymbolScene[] inOrder = [.. Enumerable.Range(0, 24).Select(scenes.Draw)];
        var anyhow = new SymbolScene[inOrder.Length];
        Parallel.For(0, anyhow.Length, i => anyhow[anyhow.Length - 1 - i] = again.Draw(anyhow.Length - 1 - i));

        Assert.All(inOrder.Zip(anyhow), pair => Assert.True(pair.First.Pixels.Span.SequenceEqual(pair.Second.Pixels.Span)));
        Assert.Equal(inOrder.Select(Truth), anyhow.Select(Truth));
        Assert.NotEqual(inOrder.Select(Truth), Enumerable.Range(0, inOrder.Length).Select(i => Truth(other.Draw(i))));
    }

    [Fact]
    public void A_scene_shows_only_what_was_chosen_and_says_where_it_is()
    {
        string[] names = ["dog", "cat", "apple"];
        using SymbolScenes scenes = SymbolScenes.Create(new SymbolSceneOptions { Names = names, Sets = ["fluent-emoji-flat"], FewestThings = 2, MostThings = 3, ImageSize = 192 });
        Assert.Equal(names.Order(), scenes.Names.Order());
        var positions = new HashSet<string>();
        for (int i = 0; i < 60; i++)
        {
            SymbolScene scene = scenes.Draw(i);
            Assert.Equal(192 * 192 * 3, scene.Pixels.Length);
            Assert.InRange(scene.Symbols.Count, 1, 3);
            Assert.Equal(scene.Symbols.Count, scene.Symbols.Select(symbol => symbol.Name).Distinct().Count());
            Assert.All(scene.Symbols, symbol =>
            {
                Assert.Contains(symbol.Name, names);
                Assert.StartsWith("fluent-emoji-flat:", symbol.Drawing, StringComparison.Ordinal);
                (double x, double y) = (symbol.Box.X + (symbol.Box.Width / 2), symbol.Box.Y + (symbol.Box.Height / 2));
                Assert.Equal(x < 1 / 3.0, symbol.Position.Contains("left", StringComparison.Ordinal));
                Assert.Equal(y > 2 / 3.0, symbol.Position.Contains("bottom", StringComparison.Ordinal));
                positions.Add(symbol.Position);
            });
        }

        Assert.Superset(new HashSet<string> { "center", "top", "bottom left", "right" }, positions);
    }

    [Fact]
    public void In_a_pair_one_symbol_is_exchanged_and_nothing_else_moves()
    {
        const int size = 192;
        using SymbolScenes scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = 3, FewestThings = 2, ImageSize = size });
        for (int i = 0; i < 40; i++)
        {
            (SymbolScene before, SymbolScene after, int exchanged) = scenes.DrawEdit(i);
            Assert.Equal(before.Symbols.Count, after.Symbols.Count);
            Assert.NotEqual(before.Symbols[exchanged].Name, after.Symbols[exchanged].Name);
            Assert.DoesNotContain(after.Symbols[exchanged].Name, before.Symbols.Select(symbol => symbol.Name));
            for (int other = 0; other < before.Symbols.Count; other++)
            {
                Assert.True(other == exchanged || before.Symbols[other].Drawing == after.Symbols[other].Drawing);
            }

            // Beside the two symbols, with a few pixels for their soft edges, both images are the same.
            ImageBox[] changed = [before.Symbols[exchanged].Box, after.Symbols[exchanged].Box];
            int differing = 0;
            for (int pixel = 0; pixel < size * size; pixel++)
            {
                if (!before.Pixels.Span.Slice(pixel * 3, 3).SequenceEqual(after.Pixels.Span.Slice(pixel * 3, 3)))
                {
                    differing++;
                    (double x, double y) = ((pixel % size) + 0.5, (pixel / size) + 0.5);
                    Assert.Contains(changed, box => x > (box.X * size) - 4 && x < ((box.X + box.Width) * size) + 4 && y > (box.Y * size) - 4 && y < ((box.Y + box.Height) * size) + 4);
                }
            }

            Assert.True(differing > 20);
        }
    }

    [Fact]
    public void The_document_shows_code_that_draws()
    {
        #region scenes
        using SymbolScenes scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = 7, Names = ["dog", "cat", "wolf trap"], MostThings = 3 });
        SymbolScene scene = scenes.Draw(0);
        string truth = string.Join(", ", scene.Symbols.Select(symbol => $"{symbol.Name}: {symbol.Position}"));
        (SymbolScene before, SymbolScene after, int exchanged) = scenes.DrawEdit(1);
        #endregion
        Assert.Contains(": ", truth, StringComparison.Ordinal);
        Assert.NotEqual(before.Symbols[exchanged], after.Symbols[exchanged]);
    }

    [Fact]
    public void A_split_shows_no_drawing_of_another()
    {
        string[] drawn = [.. ((DatasetSplit[])[DatasetSplit.Train, DatasetSplit.Validation, DatasetSplit.Test]).SelectMany(split =>
        {
            using SymbolScenes scenes = SymbolScenes.Create(new SymbolSceneOptions { Split = split, ImageSize = 128, MostThings = 8 });
            return Enumerable.Range(0, 40).SelectMany(i => scenes.Draw(i).Symbols.Select(symbol => symbol.Drawing)).Distinct().ToArray();
        })];
        Assert.Equal(drawn.Length, drawn.Distinct().Count());

        using SymbolScenes chosen = SymbolScenes.Create(new SymbolSceneOptions { Split = DatasetSplit.None, Sets = ["fluent-emoji-flat", "twemoji"], ImageSize = 128 });
        Assert.Equal(["fluent-emoji-flat", "twemoji"], Enumerable.Range(0, 40).SelectMany(i => chosen.Draw(i).Symbols).Select(symbol => symbol.Drawing.Split(':')[0]).Distinct().Order());
    }

    [Fact]
    public void What_cannot_be_drawn_is_said_at_once()
    {
        Assert.Contains("There is no thing 'unicorn trap' here", Assert.Throws<ArgumentException>(() => SymbolScenes.Create(new SymbolSceneOptions { Names = ["unicorn trap"] })).Message, StringComparison.Ordinal);
        Assert.Contains("There is no icon set 'nota' here", Assert.Throws<ArgumentException>(() => SymbolScenes.Create(new SymbolSceneOptions { Sets = ["nota"] })).Message, StringComparison.Ordinal);
        Assert.Contains("no drawing in the split Train", Assert.Throws<ArgumentException>(() => SymbolScenes.Create(new SymbolSceneOptions { Sets = ["noto"] })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => SymbolScenes.Create(new SymbolSceneOptions { MostThings = 9 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SymbolScenes.Create(new SymbolSceneOptions { ImageSize = 64 }));
        using SymbolScenes one = SymbolScenes.Create(new SymbolSceneOptions { Names = ["dog"] });
        Assert.Throws<InvalidOperationException>(() => one.DrawEdit(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => one.Draw(-1));
    }

    private static string Truth(SymbolScene scene) => string.Join("; ", scene.Symbols.Select(symbol => $"{symbol.Name} {symbol.Drawing} {symbol.Box} {symbol.Position} {string.Join(',', symbol.Categories)}"));
}
