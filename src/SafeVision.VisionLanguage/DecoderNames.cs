using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.VisionLanguage;

/// <summary>The decoder's tensors by the graph's own names; null where the graph has none of that role.</summary>
internal sealed record DecoderNames
{
    /// <summary>Embeddings of the new tokens, [batch, tokens, width].</summary>
    public required string Embeddings { get; init; }

    /// <summary>1 for each token, past and new, that counts, [batch, past + tokens].</summary>
    public required string Mask { get; init; }

    /// <summary>Positions of the new tokens, [batch, tokens], [3, batch, tokens] or [batch, tokens, 3].</summary>
    public required string? Positions { get; init; }

    /// <summary>The place of the last token that each new one sees, [batch, tokens]: in graphs in which an image's tokens see each
    /// other, which therefore must all be new in one run.</summary>
    public required string? VisibleUntil { get; init; }

    /// <summary>How many of the last positions get logits.</summary>
    public required string? KeepLogits { get; init; }

    /// <summary>Whether there are past tokens, in graphs that merge two.</summary>
    public required string? UseCacheBranch { get; init; }

    /// <summary>[batch, tokens or kept, vocabulary].</summary>
    public required string Logits { get; init; }

    /// <summary>Keys and values of the past: key of the first layer, its value, key of the next, …; each [batch, heads, past, headSize].</summary>
    public required IReadOnlyList<string> Past { get; init; }

    /// <summary>The same with the new tokens, in the same order.</summary>
    public required IReadOnlyList<string> Present { get; init; }

    /// <summary>What layers with a memory of fixed size hold, [batch, …], and the same with the new tokens; none where all layers attend.</summary>
    public required IReadOnlyList<(string Past, string Present)> States { get; init; }

    /// <exception cref="ModelLoadException">A tensor is missing or of another form; the message names file and tensor.</exception>
    public static DecoderNames Read(GraphSignature graph, TensorNaming naming)
    {
        int[] layers = [.. graph.Inputs.Keys.Select(name => TensorNaming.LayerOf(naming.PastKey, name)).OfType<int>().Distinct().Order()];
        string[] past = [.. layers.SelectMany(layer => new[] { naming.PastKey, naming.PastValue }.Select(pattern => TensorNaming.Layer(pattern, layer)))];
        string[] present = [.. layers.SelectMany(layer => new[] { naming.PresentKey, naming.PresentValue }.Select(pattern => TensorNaming.Layer(pattern, layer)))];
        if (layers.Length == 0)
        {
            graph.Input(TensorNaming.Layer(naming.PastKey, 0)); // says what is missing
        }

        RequireCache(graph, past, present);
        RequirePairs(graph, naming, [.. layers]);
        if (graph.RequireFloats(graph.Input(naming.Embeddings), 3) is var embeddings && embeddings.Dimensions is not [_, _, > 0])
        {
            throw graph.Wrong(embeddings, "the width, its last dimension, must be fixed");
        }

        return new DecoderNames
        {
            Embeddings = naming.Embeddings,
            Mask = graph.Require(graph.Input(naming.Mask), TensorElementType.Int64, 2).Name,
            Positions = Optional(graph, naming.Positions, TensorElementType.Int64, 2, 3),
            VisibleUntil = Optional(graph, naming.VisibleUntil, TensorElementType.Int64, 2),
            KeepLogits = Optional(graph, naming.KeepLogits, TensorElementType.Int64, 1),
            UseCacheBranch = Optional(graph, naming.UseCacheBranch, TensorElementType.Bool, 1),
            Logits = graph.RequireFloats(graph.Output(naming.Logits), 3).Name,
            Past = past,
            Present = present,
            States = ReadStates(graph, naming),
        };
    }

    /// <summary>Checks that the graph wants nothing that nobody would give it.</summary>
    /// <exception cref="ModelLoadException">It does; the message names file and tensor.</exception>
    public void RequireNothingElse(GraphSignature graph)
    {
        HashSet<string?> known = [Embeddings, Mask, Positions, VisibleUntil, KeepLogits, UseCacheBranch, .. Past, .. States.Select(state => state.Past)];
        if (graph.Inputs.Values.FirstOrDefault(input => !known.Contains(input.Name)) is { } unknown)
        {
            throw graph.Wrong(unknown, "no input of that name is known; decoders with other states, cross attention or adapters are not supported");
        }
    }

    /// <summary>Whether every layer's node can append to its buffer in place.</summary>
    public bool CanShareCache(OnnxHeader header)
    {
        HashSet<(string, string, string, string)> nodes = [.. header.GroupQueryAttentions.Select(node => (node.PastKey, node.PastValue, node.PresentKey, node.PresentValue))];
        return States.Count == 0 && Enumerable.Range(0, Past.Count / 2).All(layer => nodes.Contains((Past[2 * layer], Past[(2 * layer) + 1], Present[2 * layer], Present[(2 * layer) + 1])));
    }

    private static (string, string)[] ReadStates(GraphSignature graph, TensorNaming naming)
    {
        var states = new List<(string, string)>();
        foreach ((string past, string present) in naming.States)
        {
            foreach (int layer in graph.Inputs.Keys.Select(name => TensorNaming.LayerOf(past, name)).OfType<int>().Order())
            {
                OnnxTensorInfo input = graph.RequireFloats(graph.Input(TensorNaming.Layer(past, layer)), 3, 4);
                if (!input.Dimensions.Skip(1).All(size => size > 0))
                {
                    throw graph.Wrong(input, "all dimensions but the first must be fixed");
                }

                states.Add((input.Name, graph.Require(graph.Output(TensorNaming.Layer(present, layer)), input.Type, input.Dimensions.Count).Name));
            }
        }

        return [.. states];
    }

    private static void RequireCache(GraphSignature graph, string[] past, string[] present)
    {
        OnnxTensorInfo? first = null;
        for (int i = 0; i < past.Length; i++)
        {
            OnnxTensorInfo input = graph.RequireFloats(graph.Input(past[i]), 4);
            if (input.Dimensions is not [_, > 0, _, > 0])
            {
                throw graph.Wrong(input, "the number of heads and their size, dimensions 1 and 3, must be fixed");
            }

            first ??= input;
            if ((input.Type, input.Dimensions[1], input.Dimensions[3]) != (first.Type, first.Dimensions[1], first.Dimensions[3]))
            {
                throw graph.Wrong(input, $"must have the type, heads and head size of '{first.Name}', {first.Form}");
            }

            graph.Require(graph.Output(present[i]), first.Type, 4);
        }
    }

    /// <summary>Every value and every output belongs to a key that was found.</summary>
    private static void RequirePairs(GraphSignature graph, TensorNaming naming, HashSet<int> layers)
    {
        foreach ((string pattern, IEnumerable<OnnxTensorInfo> tensors) in new[]
        {
            (naming.PastValue, graph.Inputs.Values), (naming.PresentKey, graph.Outputs.Values), (naming.PresentValue, graph.Outputs.Values),
        })
        {
            if (tensors.FirstOrDefault(tensor => TensorNaming.LayerOf(pattern, tensor.Name) is { } layer && !layers.Contains(layer)) is { } lonely)
            {
                throw graph.Wrong(lonely, $"the input '{TensorNaming.Layer(naming.PastKey, TensorNaming.LayerOf(pattern, lonely.Name)!.Value)}' that belongs to it is missing");
            }
        }
    }

    private static string? Optional(GraphSignature graph, string name, TensorElementType type, params ReadOnlySpan<int> ranks) =>
        graph.Inputs.TryGetValue(name, out OnnxTensorInfo? tensor) ? graph.Require(tensor, type, ranks).Name : null;
}

/// <summary>The vision tower's tensors by the graph's own names.</summary>
/// <param name="PixelValues">The pixels.</param>
/// <param name="OtherInputs">What else it takes: the graph's name → the usual name, by which a family knows it.</param>
/// <param name="ImageFeatures">One vector for each image token, [tokens, width] or [tiles, tokens, width].</param>
internal sealed record VisionNames(string PixelValues, IReadOnlyDictionary<string, string> OtherInputs, string ImageFeatures)
{
    /// <exception cref="Inference.ModelLoadException">A tensor is missing or of another form; the message names file and tensor.</exception>
    public static VisionNames Read(GraphSignature graph, TensorNaming naming)
    {
        string pixels = graph.RequireFloats(graph.Input(naming.PixelValues, orOnly: true), 2, 4, 5).Name;
        string features = graph.RequireFloats(graph.Output(naming.ImageFeatures, orOnly: true), 2, 3).Name;
        var usual = naming.VisionInputs.DistinctBy(name => name.Value).ToDictionary(name => name.Value, name => name.Key);
        return new VisionNames(
            pixels,
            graph.Inputs.Keys.Where(name => name != pixels).ToDictionary(name => name, name => usual.GetValueOrDefault(name, name)),
            features);
    }
}

/// <summary>The embedding graph's tensors by the graph's own names.</summary>
/// <param name="InputIds">Token ids, [batch, tokens].</param>
/// <param name="ImageFeatures">Image features that the graph itself puts in place of image tokens; null where the caller does.</param>
/// <param name="Embeddings">[batch, tokens, width].</param>
internal sealed record EmbeddingNames(string InputIds, string? ImageFeatures, string Embeddings)
{
    /// <exception cref="Inference.ModelLoadException">A tensor is missing or of another form; the message names file and tensor.</exception>
    public static EmbeddingNames Read(GraphSignature graph, TensorNaming naming)
    {
        string ids = graph.Require(graph.Input(naming.InputIds, orOnly: true), TensorElementType.Int64, 2).Name;
        string? features = graph.Inputs.TryGetValue(naming.EmbeddingImageFeatures, out Inference.OnnxTensorInfo? images)
            ? graph.RequireFloats(images, 2, 3).Name
            : null;
        return new EmbeddingNames(ids, features, graph.RequireFloats(graph.Output(naming.Embedded, orOnly: true), 3).Name);
    }
}

/// <summary>The tensors through which the three graphs are joined.</summary>
internal sealed record VisionLanguageContract(VisionNames Vision, EmbeddingNames Embedding, DecoderNames Decoder)
{
    /// <summary>Finds the tensors and checks that the graphs fit each other, as far as their signatures say.</summary>
    /// <exception cref="ModelLoadException">A tensor is missing, has another form, or another width than its neighbour.</exception>
    public static VisionLanguageContract Read(TensorNaming naming, GraphSignature vision, GraphSignature embedding, GraphSignature decoder)
    {
        var contract = new VisionLanguageContract(
            VisionNames.Read(vision, naming), EmbeddingNames.Read(embedding, naming), DecoderNames.Read(decoder, naming));
        OnnxTensorInfo wanted = decoder.Inputs[contract.Decoder.Embeddings];
        RequireWidth(vision, vision.Outputs[contract.Vision.ImageFeatures]);
        RequireWidth(embedding, embedding.Outputs[contract.Embedding.Embeddings]);
        if (contract.Embedding.ImageFeatures is { } features)
        {
            RequireWidth(embedding, embedding.Inputs[features]);
        }

        return contract;

        void RequireWidth(GraphSignature graph, OnnxTensorInfo tensor)
        {
            if (tensor.Dimensions is [.., > 0 and long width] && width != wanted.Dimensions[^1])
            {
                throw graph.Wrong(tensor, $"its width must be that of '{wanted.Name}' of {Path.GetFileName(decoder.File)}, {wanted.Dimensions[^1]}; the files belong to different models");
            }
        }
    }
}
