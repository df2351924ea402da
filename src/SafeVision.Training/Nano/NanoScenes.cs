using SafeVision.Evaluation;

namespace SafeVision.Training.Nano;

/// <summary>A thing in a drawn scene.</summary>
/// <param name="Name">Its name's number.</param>
/// <param name="Place">Where its middle lies, as <see cref="SceneSymbol.Position"/> says it.</param>
/// <param name="Box">Left, top, right and bottom as fractions of the image.</param>
internal sealed record SceneThing(int Name, string Place, double[] Box);

/// <summary>Where scenes come from.</summary>
/// <param name="Share">Its part of all scenes.</param>
/// <param name="Scenes">Draws them.</param>
internal sealed record SceneSource(double Share, SymbolScenes Scenes);

/// <summary>Drawn scenes with the frozen tower's cells, which are computed once and kept on disk in float16, so that an
/// epoch costs no drawing and no tower.</summary>
internal sealed class NanoScenes
{
    /// <summary>The side of a drawn image in pixels.</summary>
    public const int ImageSize = 352;

    /// <summary>Image tokens in a row.</summary>
    public const int Side = 11;

    /// <summary>Image tokens of a scene.</summary>
    public const int Cells = Side * Side;

    /// <summary>Numbers of a cell.</summary>
    public const int Width = 768;

    private const int ChunkLength = 256;
    private const double OtherHands = 0.5; // of all scenes those that are changed as another hand might have drawn them
    private const int Batch = 4; // more fall out of the processor's cache: twice the time an image

    private static readonly float[,,,] s_mean = { { { { 0.485f } }, { { 0.456f } }, { { 0.406f } } } }, s_deviation = { { { { 0.229f } }, { { 0.224f } }, { { 0.225f } } } };

    private readonly string _folder;

    private NanoScenes(string folder, IReadOnlyList<IReadOnlyList<SceneThing>> things) => (_folder, Things) = (folder, things);

    /// <summary>What each scene shows, in reading order.</summary>
    public IReadOnlyList<IReadOnlyList<SceneThing>> Things { get; }

    /// <summary>Draws scenes that are not in the folder yet, and opens all.</summary>
    /// <param name="folder">Where they are kept; of one tower, one list of names and one set of sources.</param>
    /// <param name="count">How many, rounded up to whole files.</param>
    /// <param name="names">The names with their numbers.</param>
    /// <param name="sources">Where they come from; their shares add up to 1.</param>
    /// <param name="tower">Computes cells.</param>
    /// <param name="seed">Decides which source draws a scene.</param>
    /// <param name="progress">Told how many scenes there are.</param>
    /// <param name="cancellationToken">Stops between batches; whole files stay.</param>
    public static NanoScenes Prepare(
        string folder, int count, IReadOnlyDictionary<string, int> names, IReadOnlyList<SceneSource> sources, CellTower tower, int seed, Action<int>? progress, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var all = new List<IReadOnlyList<SceneThing>>();
        for (int chunk = 0; chunk * ChunkLength < count; chunk++)
        {
            string truth = Path.Combine(folder, $"{Name(chunk)}.json");
            if (!File.Exists(truth))
            {
                IReadOnlyList<SymbolScene> scenes = [.. Enumerable.Range(chunk * ChunkLength, ChunkLength).Select(index => Draw(index, sources, seed))];
                manual_seed(HashCode(seed, chunk));
                Write(Path.Combine(folder, $"{Name(chunk)}.f16"), scenes, tower, cancellationToken);
                SceneThing[][] things = [.. scenes.Select(scene => Shown(scene, names).ToArray())];
                WholeFile.Write(truth, JsonSerializer.Serialize(things)); // last, so that what has a truth is whole
            }

            all.AddRange(JsonSerializer.Deserialize<SceneThing[][]>(File.ReadAllBytes(truth))!);
            progress?.Invoke(all.Count);
        }

        return new NanoScenes(folder, [.. all.Take(count)]);
    }

    /// <summary>The cells of some scenes: [scenes, <see cref="Cells"/>, <see cref="Width"/>] float32.</summary>
    public Tensor Read(IReadOnlyList<int> scenes)
    {
        const int Length = Cells * Width;
        var values = new Half[scenes.Count * Length];
        for (int i = 0; i < scenes.Count; i++)
        {
            using var file = File.OpenHandle(Path.Combine(_folder, $"{Name(scenes[i] / ChunkLength)}.f16"));
            Span<byte> target = MemoryMarshal.AsBytes(values.AsSpan(i * Length, Length));
            long at = (long)(scenes[i] % ChunkLength) * target.Length;
            if (RandomAccess.Read(file, target, at) != target.Length)
            {
                throw new EndOfStreamException($"{_folder}: scene {scenes[i]} is cut off; delete its file, and it is drawn again.");
            }
        }

        using Tensor half = tensor(values, [scenes.Count, Cells, Width]);
        return half.to(ScalarType.Float32);
    }

    /// <summary>What a scene shows, in reading order.</summary>
    public static IEnumerable<SceneThing> Shown(SymbolScene scene, IReadOnlyDictionary<string, int> names) => scene.Symbols
        .OrderBy(symbol => Math.Floor(3 * (symbol.Box.Y + (symbol.Box.Height / 2)))).ThenBy(symbol => symbol.Box.X)
        .Select(symbol => new SceneThing(names[symbol.Name], symbol.Position, [symbol.Box.X, symbol.Box.Y, symbol.Box.X + symbol.Box.Width, symbol.Box.Y + symbol.Box.Height]));

    /// <summary>Pixels as the network takes them: [scenes, 3, side, side].</summary>
    public static Tensor Pixels(IReadOnlyList<SymbolScene> scenes) => Even(Colors(scenes));

    /// <summary>What <see cref="Colors"/> gives, as the network takes it.</summary>
    public static Tensor Even(Tensor colors) => (colors.Plus(-tensor(s_mean)) / tensor(s_deviation)).contiguous();

    /// <summary>Red, green and blue from 0 to 1: [scenes, 3, side, side].</summary>
    public static Tensor Colors(IReadOnlyList<SymbolScene> scenes)
    {
        int side = scenes[0].Size, area = side * side;
        float[] values = new float[scenes.Count * 3 * area];
        for (int i = 0; i < scenes.Count; i++)
        {
            ReadOnlySpan<byte> pixels = scenes[i].Pixels.Span;
            for (int at = 0; at < area; at++)
            {
                for (int channel = 0; channel < 3; channel++)
                {
                    values[(((i * 3) + channel) * area) + at] = pixels[(at * 3) + channel] / 255f;
                }
            }
        }

        return tensor(values, [scenes.Count, 3, side, side]);
    }

    /// <summary>The scene of a number, from the source that the seed and the number choose.</summary>
    public static SymbolScene Draw(int index, IReadOnlyList<SceneSource> sources, int seed)
    {
        double draw = new Random(HashCode(seed, index)).NextDouble();
        foreach (SceneSource source in sources)
        {
            draw -= source.Share;
            if (draw < 0)
            {
                try
                {
                    return source.Scenes.Draw(index);
                }
                catch (EvaluationException) when (source != sources[0])
                {
                    break; // an icon of a stranger's set that cannot be drawn
                }
            }
        }

        return sources[0].Scenes.Draw(index);
    }

    private static int HashCode(int seed, int index) => unchecked((int)(((uint)seed * 2654435761u) ^ ((uint)index * 2246822519u))); // the same on every machine

    private static void Write(string path, IReadOnlyList<SymbolScene> scenes, CellTower tower, CancellationToken cancellationToken)
    {
        using FileStream file = File.Create(path);
        for (int start = 0; start < scenes.Count; start += Batch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            using IDisposable still = no_grad();
            Tensor colors = Colors([.. scenes.Skip(start).Take(Batch)]), plain = rand([colors.shape[0], 1, 1, 1]).Above(OtherHands).to(ScalarType.Float32);
            Tensor cells = tower.Cells(Even(NanoCrops.Mixed(NanoCrops.Redrawn(colors), colors, plain))).to(ScalarType.Float16).contiguous();
            file.Write(MemoryMarshal.AsBytes<Half>(cells.data<Half>().ToArray()));
        }
    }

    private static string Name(int chunk) => string.Create(CultureInfo.InvariantCulture, $"scenes-{chunk:0000}");
}
