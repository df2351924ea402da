namespace SafeVision.Inference;

/// <summary>What the referenced native ONNX Runtime can run on, on this machine.</summary>
public static class ProviderCatalog
{
    /// <summary>Every (provider, device) pair that ONNX Runtime's device API reports.</summary>
    /// <exception cref="ExecutionProviderException">The native library is missing; the message names the package.</exception>
    public static IReadOnlyList<ProviderDevice> Discover() =>
        [.. OnnxRuntime.Environment.GetEpDevices().Select(device => new ProviderDevice(
            device.EpName, device.HardwareDevice.Type.ToString().ToLowerInvariant(), device.HardwareDevice.Vendor ?? "unknown"))];

    /// <summary>The first of the wanted providers that this machine has; the processor where it has none. Loads no model.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="ExecutionProviderException">The native library is missing; the message names the package.</exception>
    public static ExecutionProvider FirstUsable(ExecutionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (ExecutionProvider provider in options.Validate().Providers)
        {
            using SessionOptions session = OnnxRuntime.CreateOptions();
            if (TryAppend(session, provider) is null)
            {
                return provider;
            }
        }

        return ExecutionProvider.Cpu;
    }

    /// <summary>Adds <paramref name="provider"/> to <paramref name="options"/>, or says why that cannot be done.</summary>
    /// <returns>Null when added, otherwise the reason.</returns>
    internal static string? TryAppend(SessionOptions options, ExecutionProvider provider)
    {
        if (provider == ExecutionProvider.Cpu)
        {
            return null;
        }

        OrtEnv environment = OnnxRuntime.Environment;
        OrtEpDevice[] devices = [.. environment.GetEpDevices().Where(device => device.EpName == provider.RuntimeName)];
        if (devices.Length == 0)
        {
            return environment.GetAvailableProviders().Contains(provider.RuntimeName)
                ? $"{provider.Name}: the native library has {provider.RuntimeName}, but it found no device or driver"
                : $"{provider.Name}: the native ONNX Runtime in use has no {provider.RuntimeName}; reference the package {provider.Package} instead of the other runtime package";
        }

        try
        {
            options.AppendExecutionProvider(environment, [devices[0]], new Dictionary<string, string>());
            return null;
        }
        catch (OnnxRuntimeException exception)
        {
            return $"{provider.Name}: {exception.Message}";
        }
    }
}

/// <summary>A device that an execution provider can run on.</summary>
/// <param name="Provider">The provider's name in ONNX Runtime.</param>
/// <param name="Kind"><c>cpu</c>, <c>gpu</c> or <c>npu</c>.</param>
/// <param name="Vendor">The device's vendor as ONNX Runtime reports it.</param>
public sealed record ProviderDevice(string Provider, string Kind, string Vendor);

/// <summary>Which provider a model runs on, and why not on one that was wanted more.</summary>
/// <param name="Requested">The providers asked for, best first.</param>
/// <param name="Selected">The provider in use.</param>
/// <param name="Rejections">Why each better one is not in use, in order; empty when the first choice was met.</param>
public sealed record ProviderSelection(
    IReadOnlyList<ExecutionProvider> Requested,
    ExecutionProvider Selected,
    IReadOnlyList<string> Rejections)
{
    /// <summary>Whether a provider other than the first choice is in use.</summary>
    public bool IsFallback => Rejections.Count > 0;
}

/// <summary>How far a provider's outputs are from the processor's.</summary>
public static class ProviderSelfCheck
{
    /// <summary>The largest absolute difference divided by the largest absolute expected value. Infinite when the
    /// lengths differ or an output is not finite, so that such a provider can never pass.</summary>
    public static double RelativeDifference(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (expected.Length != actual.Length || expected.IsEmpty)
        {
            return double.PositiveInfinity;
        }

        double scale = Math.Max(Math.Abs(TensorPrimitives.MaxMagnitude(expected)), 1e-6);
        double largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (!float.IsFinite(actual[i]))
            {
                return double.PositiveInfinity;
            }

            largest = Math.Max(largest, Math.Abs((double)expected[i] - actual[i]));
        }

        return largest / scale;
    }
}
