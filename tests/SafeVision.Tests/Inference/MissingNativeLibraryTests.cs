using System.Reflection;
using System.Runtime.Loader;
using SafeVision.Inference;

namespace SafeVision.Tests.Inference;

public sealed class MissingNativeLibraryTests
{
    [Fact]
    public void Without_a_runtime_package_the_error_names_the_packages()
    {
        var withoutNative = new WithoutNative();
        try
        {
            PropertyInfo version = withoutNative.LoadFromAssemblyName(new AssemblyName("SafeVision"))
                .GetType(typeof(OnnxRuntime).FullName!, throwOnError: true)!.GetProperty(nameof(OnnxRuntime.Version))!;

            Exception thrown = Assert.Throws<TargetInvocationException>(() => version.GetValue(null)).InnerException!;

            Assert.Equal(typeof(ExecutionProviderException).FullName, thrown.GetType().FullName);
            Assert.Contains("SafeVision.Cpu, SafeVision.Cuda or SafeVision.DirectML", thrown.Message, StringComparison.Ordinal);
        }
        finally
        {
            withoutNative.Unload();
        }
    }

    /// <summary>Loads SafeVision and ONNX Runtime once more, as if no native library had been deployed.</summary>
    private sealed class WithoutNative() : AssemblyLoadContext("without native", isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            string path = Path.Combine(AppContext.BaseDirectory, $"{assemblyName.Name}.dll");
            return assemblyName.Name is "SafeVision" or "Microsoft.ML.OnnxRuntime" ? LoadFromAssemblyPath(path) : null;
        }

        protected override nint LoadUnmanagedDll(string unmanagedDllName) => throw new DllNotFoundException(unmanagedDllName);
    }
}
