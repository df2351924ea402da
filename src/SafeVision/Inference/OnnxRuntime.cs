namespace SafeVision.Inference;

/// <summary>The one door to the native ONNX Runtime: whoever needs its environment, options or a session asks here. It
/// switches the runtime's own telemetry off before the native library starts, which writes files below the home
/// directory and looks its collector up by name otherwise. Thread-safe.</summary>
/// <remarks>A host that starts ONNX Runtime itself before SafeVision sets <c>ORT_DISABLE_TELEMETRY=1</c> in the
/// environment of its process. A value that the host has set is kept.</remarks>
public static partial class OnnxRuntime
{
#pragma warning disable RS0030 // This is the door.
    private const string TelemetryVariable = "ORT_DISABLE_TELEMETRY";

    private static readonly Lazy<OrtEnv> s_environment = new(Start);

    /// <summary>The version of the native library, such as <c>1.31.1</c>.</summary>
    /// <exception cref="ExecutionProviderException">The native library is missing; the message names the package.</exception>
    public static string Version => Environment.GetVersionString();

    /// <summary>The environment of the process, started now if it is not yet.</summary>
    /// <exception cref="ExecutionProviderException">The native library is missing; the message names the package.</exception>
    public static OrtEnv Environment => s_environment.Value;

    /// <summary>New options of a session, with ONNX Runtime's defaults; the caller disposes them.</summary>
    /// <exception cref="ExecutionProviderException">The native library is missing; the message names the package.</exception>
    public static SessionOptions CreateOptions()
    {
        _ = Environment;
        return new SessionOptions();
    }

    /// <summary>Loads a model from a file, with the weights that lie beside it.</summary>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime can't load it.</exception>
    /// <exception cref="ExecutionProviderException">The native library is missing; the message names the package.</exception>
    public static InferenceSession Open(string path, SessionOptions options)
    {
        _ = Environment;
        return new InferenceSession(path, options);
    }

    /// <summary>Loads a model from memory.</summary>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime can't load it.</exception>
    /// <exception cref="ExecutionProviderException">The native library is missing; the message names the package.</exception>
    public static InferenceSession Open(byte[] model, SessionOptions options)
    {
        _ = Environment;
        return new InferenceSession(model, options);
    }

    private static OrtEnv Start()
    {
        try
        {
            SwitchTelemetryOff();
            OrtEnv environment = OrtEnv.Instance();
            environment.DisableTelemetryEvents();
            return environment;
        }
        catch (Exception exception) when (exception is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException)
        {
            throw new ExecutionProviderException(
                "The native ONNX Runtime library was not found or does not fit. Reference exactly one of the packages SafeVision.Cpu, SafeVision.Cuda or SafeVision.DirectML in the application's project.",
                exception);
        }
    }
#pragma warning restore RS0030

    /// <summary>Sets the variable where native code reads it. .NET keeps a copy of the environment of its own on Linux
    /// and macOS, and the C runtime does so on Windows: each is told by its own means.</summary>
    private static void SwitchTelemetryOff()
    {
        string value = System.Environment.GetEnvironmentVariable(TelemetryVariable) is { Length: > 0 } set ? set : "1";
        if (OperatingSystem.IsWindows())
        {
            System.Environment.SetEnvironmentVariable(TelemetryVariable, value);
            _ = PutEnvironment(TelemetryVariable, value);
        }
        else
        {
            _ = SetEnvironment(TelemetryVariable, value, overwrite: 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("ucrtbase", EntryPoint = "_wputenv_s", StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int PutEnvironment(string name, string value);
}
