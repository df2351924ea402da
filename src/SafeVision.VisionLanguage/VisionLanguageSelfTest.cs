using Microsoft.ML.OnnxRuntime.Tensors;
using SafeVision.Models;

namespace SafeVision.VisionLanguage;

/// <summary>Runs the goldens of a converted vision-language model: numbers made from a seed instead of pixels, and instead of the embeddings of a prompt.</summary>
public static class VisionLanguageSelfTest
{
    /// <summary>Checks all files against their hashes, loads the model, and runs its goldens.</summary>
    /// <exception cref="ModelLoadException">A file is missing or altered, the folder is not a model that can be run, or a golden does not fit it.</exception>
    /// <exception cref="ExecutionProviderException">A required provider is not usable.</exception>
    public static async Task<ModelSelfTest> RunAsync(ModelPackage package, ExecutionOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(package);
        ArgumentNullException.ThrowIfNull(options);
        package.Verify();
        using var sessions = new SessionCache();
        string manifest = package.Folder.PathOf(ModelManifest.FileName)
            ?? throw new ModelLoadException($"{package.Folder.Description}: a vision-language model can only be run from a folder on disk.");
        VisionLanguageFiles files = VisionLanguageFiles.Find(Path.GetDirectoryName(manifest)!, new VisionLanguageFileOptions());
        VisionLanguageSessions loaded = await VisionLanguageSessions.LoadAsync(files, sessions, options, cancellationToken).ConfigureAwait(false);
        double largest = 0;
        foreach (ModelGolden golden in package.Manifest.Goldens)
        {
            float[] actual = golden.Output == files.Names.Vision.ImageFeatures ? RunVision(loaded, golden, cancellationToken)
                : golden.Output == files.Names.Decoder.Logits ? RunDecoder(loaded, golden, cancellationToken)
                : throw new ModelLoadException($"{package.Folder.Description}: the golden '{golden.Name}' records '{golden.Output}', which no graph yields.");
            largest = Math.Max(largest, ModelSelfTest.Difference(golden, actual));
        }

        return new ModelSelfTest(package.Manifest.Goldens.Count, largest, loaded.Decoder.Provider)
        {
            Allowed = ModelSelfTest.AllowedBy(package.Manifest),
        };
    }

    private static float[] RunVision(VisionLanguageSessions loaded, ModelGolden golden, CancellationToken cancellationToken)
    {
        var inputs = new Dictionary<string, OrtValue> { [loaded.Files.Names.Vision.PixelValues] = Noise(golden) };
        foreach ((string name, IReadOnlyList<long> numbers) in golden.Inputs)
        {
            inputs[name] = OrtValue.CreateTensorValueFromMemory<long>([.. numbers], [1, numbers.Count]);
        }

        return Run(loaded.Vision, golden, inputs, cancellationToken);
    }

    /// <summary>One row of tokens at the positions 0, 1, 2, … without a past; the last one's logits where the graph lets one choose.</summary>
    private static float[] RunDecoder(VisionLanguageSessions loaded, ModelGolden golden, CancellationToken cancellationToken)
    {
        DecoderNames names = loaded.Files.Names.Decoder;
        IReadOnlyDictionary<string, NodeMetadata> metadata = loaded.Decoder.Session.InputMetadata;
        int tokens = golden.Shape is [1, > 0, > 0] ? golden.Shape[1] : throw new ModelLoadException($"{loaded.Decoder.ModelName}: the golden '{golden.Name}' must have the shape [1, tokens, width].");
        long[] positions = [.. Enumerable.Range(0, tokens).Select(place => (long)place)];
        var inputs = new Dictionary<string, OrtValue>
        {
            [names.Embeddings] = Noise(golden),
            [names.Mask] = OrtValue.CreateTensorValueFromMemory<long>([.. positions.Select(_ => 1L)], [1, tokens]),
        };
        if (names.Positions is { } position)
        {
            inputs[position] = metadata[position].Dimensions.Length == 3
                ? OrtValue.CreateTensorValueFromMemory<long>([.. positions, .. positions, .. positions], [3, 1, tokens])
                : OrtValue.CreateTensorValueFromMemory(positions, [1, tokens]);
        }

        if (names.VisibleUntil is { } visible)
        {
            inputs[visible] = OrtValue.CreateTensorValueFromMemory(positions, [1, tokens]);
        }

        if (names.KeepLogits is { } kept)
        {
            inputs[kept] = OrtValue.CreateTensorValueFromMemory([1L], []);
        }

        foreach (string past in names.Past)
        {
            NodeMetadata cache = metadata[past];
            inputs[past] = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, cache.ElementDataType, [1, cache.Dimensions[1], 0, cache.Dimensions[3]]);
        }

        foreach ((string past, _) in names.States)
        {
            long[] shape = [1, .. metadata[past].Dimensions.Skip(1)];
            int length = checked((int)shape.Aggregate(1L, (product, size) => checked(product * size)));
            inputs[past] = metadata[past].ElementDataType == TensorElementType.Float16
                ? OrtValue.CreateTensorValueFromMemory(new Float16[length], shape)
                : OrtValue.CreateTensorValueFromMemory(new float[length], shape);
        }

        return Run(loaded.Decoder, golden, inputs, cancellationToken);
    }

    private static OrtValue Noise(ModelGolden golden)
    {
        int length = golden.Shape.Aggregate(1, (product, size) => checked(product * size)); // bounded when the manifest was read
        return OrtValue.CreateTensorValueFromMemory(golden.CreateSignedInput(length), [.. golden.Shape.Select(size => (long)size)]);
    }

    private static float[] Run(ModelSession session, ModelGolden golden, Dictionary<string, OrtValue> inputs, CancellationToken cancellationToken)
    {
        try
        {
            using var options = new RunOptions();
            float[] numbers = [];
            ModelSession.Run(
                options,
                inputs,
                (run, values) =>
                {
                    using IDisposableReadOnlyCollection<OrtValue> outputs = session.Session.Run(run, [.. values.Keys], [.. values.Values], [golden.Output]);
                    numbers = outputs[0].GetTensorTypeAndShape().ElementDataType == TensorElementType.Float ? outputs[0].GetTensorDataAsSpan<float>().ToArray() : [];
                },
                cancellationToken);
            return numbers;
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ModelLoadException($"{session.ModelName}: the golden '{golden.Name}' can't be run. {exception.Message}", exception);
        }
        finally
        {
            foreach (OrtValue value in inputs.Values)
            {
                value.Dispose();
            }
        }
    }
}
