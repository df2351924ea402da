namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>Plans images: what they show, where, in which colours, and what is true of them.</summary>
internal sealed class SceneComposer(SceneInventory inventory, SceneFocus focus, long seed)
{
    private const double OneAlone = 0.5;
    private const double RelationOverThing = 0.5;

    // Of a category with fewer drawings than this the same one would be shown again and again.
    private const int FewDrawings = 5;
    private const double RelationOverFew = 0.85;

    private static readonly string[] s_words =
        ["HELLO", "MENU", "TODAY", "PAGE 7", "SUMMER", "NOTE 12", "TEAM", "PHOTO", "2026", "GARDEN", "MONDAY", "ROOM 4", "WELCOME", "SPRING", "PLAN B", "NEW", "LEVEL 3", "CITY", "ABC", "42"];

    /// <summary>Plans an image.</summary>
    /// <param name="index">Its number in the split.</param>
    /// <param name="attempt">0, and more for another image of the same focus, where the first hid too much of something.</param>
    public ScenePlan Compose(int index, int attempt)
    {
        var random = new SceneRandom(seed, (long)inventory.Split, index, attempt);
        var draft = new SceneDraft(random, Background.Create(random));
        string? category = focus[index];
        if (random.Chance(0.2))
        {
            AddCaption(draft);
        }

        if (category is null)
        {
            AddHarmless(draft);
        }
        else
        {
            IReadOnlyList<SceneRecipe> scenes = inventory.Scenes(category);
            IReadOnlyList<SymbolThing> alone = inventory.Alone(category);
            double relations = alone.Sum(thing => thing.Symbols.Count) < FewDrawings ? RelationOverFew : RelationOverThing;
            if (alone.Count == 0 || (scenes.Count > 0 && random.Chance(relations)))
            {
                AddScene(draft, random.Pick(scenes), mayBeNovel: true);
            }
            else
            {
                AddAlone(draft, alone);
            }
        }

        return draft.Finish(category);
    }

    /// <summary>Harmless images: half of them scenes that only look like one that is not, half things.</summary>
    private void AddHarmless(SceneDraft draft)
    {
        if (inventory.Decoys.Count > 0 && draft.Random.Chance(0.5))
        {
            AddScene(draft, draft.Random.Pick(draft.Random.Pick(inventory.Decoys)), mayBeNovel: false);
        }
        else
        {
            AddAlone(draft, inventory.Harmless);
        }
    }

    /// <summary>One thing of a list: large and nearly alone, or one among several.</summary>
    private void AddAlone(SceneDraft draft, IReadOnlyList<SymbolThing> things)
    {
        SceneRandom random = draft.Random;
        bool isOne = random.Chance(OneAlone);
        draft.Tags.Add(isOne ? "scene:single" : "scene:several");
        SymbolThing thing = random.Pick(things);
        double size = isOne ? random.Next(0.4, 0.8) : random.Next(0.24, 0.42);
        draft.Put(thing, size);
        if (!isOne && random.Chance(0.25) && !thing.IsHarmless)
        {
            draft.Put(random.Pick(things), random.Next(0.2, 0.36));
        }

        // Only what may stand beside anything stands beside it, so that no relation arises that nobody meant.
        AddFillers(draft, isOne ? random.Next(2) : 2 + random.Next(4));
        if (random.Chance(isOne ? 0.1 : 0.25))
        {
            draft.Cover(random.Pick(inventory.Fillers));
        }
    }

    private void AddScene(SceneDraft draft, SceneRecipe scene, bool mayBeNovel)
    {
        SceneRandom random = draft.Random;
        double extent = random.Next(0.5, 0.92);
        double left = random.Next(0.02, 0.98 - extent);
        double top = random.Next(0.02, 0.98 - extent);
        bool isMirrored = random.Chance(0.5);
        var parts = new List<SymbolThing>();
        foreach (ScenePart part in scene.Parts)
        {
            SymbolThing[] candidates = [.. inventory.Things.Where(thing => part.Takes(thing) && (mayBeNovel || thing.NovelCategory is null))];
            SymbolThing[] others = [.. candidates.Except(parts)];
            parts.Add(random.Pick(others.Length > 0 ? others : candidates));
        }

        for (int i = 0; i < parts.Count; i++)
        {
            (double x, double y, double size) = SceneGeometry.Of(scene.Layout, i, parts.Count);
            List<string> categories = [.. scene.Categories.Where((_, rank) => rank == 0 || i > 0)];
            if (parts[i].NovelCategory is { } novel)
            {
                categories.Add(novel);
                draft.Show(novel, parts[i]);
            }

            draft.Place(
                parts[i],
                left + (extent * (isMirrored ? 1 - x : x)),
                top + (extent * y),
                extent * size,
                categories,
                SceneGeometry.LeastVisible(scene.Layout, i),
                mayHaveTile: scene.Layout == SceneLayout.Beside);
        }

        foreach (string category in scene.Categories)
        {
            draft.Reasons[category] = SceneDraft.Sentence(string.Format(CultureInfo.InvariantCulture, scene.Says, [.. parts.Select(part => part.WithArticle)]));
        }

        draft.Grid.Take(left, top, left + extent, top + extent);
        draft.Tags.Add(mayBeNovel ? "scene:relation" : "scene:decoy");
        draft.Tags.Add($"recipe:{scene.Name.Replace(' ', '-')}");
        if (!mayBeNovel)
        {
            draft.Tags.Add($"near:{scene.Near}");
        }

        AddFillers(draft, random.Next(3));
    }

    private void AddFillers(SceneDraft draft, int count)
    {
        for (int i = 0; i < count; i++)
        {
            SymbolThing filler = draft.Random.Pick(inventory.Fillers);
            if (!draft.Has(filler))
            {
                draft.Put(filler, draft.Random.Next(0.14, 0.28));
            }
        }
    }

    private static void AddCaption(SceneDraft draft)
    {
        SceneRandom random = draft.Random;
        double height = random.Next(0.05, 0.1);
        double x = random.Next(0.03, 0.4);
        double y = random.Chance(0.5) ? 0.03 : 0.97 - height;
        string word = random.Pick(s_words);
        draft.Caption = new Caption(word, x, y, height, ColorMath.Against(draft.Background.Ground, random));
        draft.Grid.Take(0, y - 0.02, 1, y + height + 0.02);
        draft.Tags.Add("text:neutral");
    }
}

/// <summary>What an image is to be about: a category, or none. So classes are in balance whatever is drawn.</summary>
internal sealed class SceneFocus(IReadOnlyList<string> categories, double safeShare, long seed, DatasetSplit split)
{
    /// <summary>The category of an image; null: a harmless one.</summary>
    /// <remarks>Of the first n images n times the safe share are harmless, and of the others every category has its turn once
    /// before any has it again, in an order that is shuffled each time: counts of any two categories differ by one at
    /// most.</remarks>
    public string? this[int index]
    {
        get
        {
            int safeBefore = (int)Math.Floor(index * safeShare);
            if ((int)Math.Floor((index + 1) * safeShare) > safeBefore)
            {
                return null;
            }

            int turn = index - safeBefore;
            var random = new SceneRandom(seed, (long)split, turn / categories.Count, -1);
            return categories[random.Permutation(categories.Count)[turn % categories.Count]];
        }
    }
}

/// <summary>Where the parts of a scene stand inside its square, 0 to 1 each way.</summary>
internal static class SceneGeometry
{
    private static readonly (double X, double Y, double Size)[] s_thirds = [(0.84, 0.36, 0.3), (0.84, 0.74, 0.28)];

    /// <summary>Middle and size of a part.</summary>
    public static (double X, double Y, double Size) Of(SceneLayout layout, int part, int parts)
    {
        // The first two make the relation; more parts stand in a strip at its side.
        double width = parts > 2 ? 0.7 : 1;
        if (part > 1)
        {
            return s_thirds[(part - 2) % s_thirds.Length];
        }

        (double x, double y, double size) = (layout, part) switch
        {
            (SceneLayout.Beside, 0) => (0.26, 0.5, 0.5),
            (SceneLayout.Beside, _) => (0.75, 0.52, 0.46),
            (SceneLayout.Over, 0) => (0.47, 0.45, 0.86),
            (SceneLayout.Over, _) => (0.6, 0.72, 0.5),
            (SceneLayout.Around, 0) => (0.5, 0.52, 0.56),
            (SceneLayout.Around, _) => (0.5, 0.5, 0.98),
            (SceneLayout.Above, 0) => (0.5, 0.69, 0.6),
            (SceneLayout.Above, _) => (0.52, 0.22, 0.42),
            (SceneLayout.Aimed, 0) => (0.3, 0.5, 0.58),
            (_, _) => (0.76, 0.5, 0.46),
        };
        return (x * width, y, size * width);
    }

    /// <summary>How much of a part must stay visible.</summary>
    public static double LeastVisible(SceneLayout layout, int part) => (layout, part) switch
    {
        (SceneLayout.Around, 0) => 0.2,
        (SceneLayout.Over, 0) => 0.35,
        _ => 0.5,
    };
}
