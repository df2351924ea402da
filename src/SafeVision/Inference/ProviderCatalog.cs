using Microsoft.ML.OnnxRuntime;

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
