using System.Runtime.InteropServices;
using System.Text;

namespace SafeVision.Tests.Fakes;

/// <summary>Alters the weights of an ONNX file where they lie.</summary>
internal static class OnnxWeights
{
    /// <summary>Sets every number of a 32-bit float initializer whose name is followed by its raw data (TensorProto's fields 8 and 9).</summary>
    public static void Fill(string file, string initializer, float value)
    {
        byte[] model = File.ReadAllBytes(file);
        byte[] mark = [.. Encoding.UTF8.GetBytes(initializer), 9 << 3 | 2];
        int at = model.AsSpan().IndexOf(mark);
        Assert.True(at >= 0, $"{file} has no initializer '{initializer}'.");
        at += mark.Length;
        int length = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = model[at++];
            length |= (part & 0x7F) << shift;
            if (part < 0x80)
            {
                break;
            }
        }

        MemoryMarshal.Cast<byte, float>(model.AsSpan(at, length)).Fill(value);
        File.WriteAllBytes(file, model);
    }
}
