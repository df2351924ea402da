using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Sets VER_FLG_WEAK on the need of GLIBCXX_3.4.32 in a 64-bit little-endian ELF file (System V ABI, "Symbol Versioning").
/// Leaves any other file, and one that is mended already, as it is. The file keeps its time, so that later builds do not copy it
/// again.</summary>
public class SafeVisionWeakenTorchNeed : Task
{
    private const string Version = "GLIBCXX_3.4.32";
    private const int VersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort Weak = 2;

    [Required]
    public string Library { get; set; } = "";

    public override bool Execute()
    {
        byte[] file = File.ReadAllBytes(Library);
        long place = FindFlags(file);
        if (place >= 0 && (BitConverter.ToUInt16(file, (int)place) & Weak) == 0)
        {
            DateTime written = File.GetLastWriteTimeUtc(Library);
            using (FileStream stream = File.OpenWrite(Library))
            {
                stream.Position = place;
                stream.Write(BitConverter.GetBytes((ushort)(BitConverter.ToUInt16(file, (int)place) | Weak)), 0, 2);
            }

            File.SetLastWriteTimeUtc(Library, written);
        }

        return true;
    }

    private static long FindFlags(byte[] file)
    {
        if (file.Length < 64 || BitConverter.ToUInt32(file, 0) != 0x464c457f || file[4] != 2 || file[5] != 1)
        {
            return -1;
        }

        long sections = BitConverter.ToInt64(file, 0x28);
        int size = BitConverter.ToUInt16(file, 0x3a), count = BitConverter.ToUInt16(file, 0x3c);
        for (int i = 0; i < count; i++)
        {
            int section = (int)sections + (i * size);
            if (BitConverter.ToInt32(file, section + 4) != VersionNeeds)
            {
                continue;
            }

            int names = (int)sections + (BitConverter.ToInt32(file, section + 0x28) * size); // sh_link: the string table
            long text = BitConverter.ToInt64(file, names + 0x18);
            for (long need = BitConverter.ToInt64(file, section + 0x18), next = 1; next != 0; need += next)
            {
                long entry = need + BitConverter.ToUInt32(file, (int)need + 8);
                for (uint step = 1; step != 0; entry += step)
                {
                    if (Text(file, text + BitConverter.ToUInt32(file, (int)entry + 8)) == Version)
                    {
                        return entry + 4; // vna_flags
                    }

                    step = BitConverter.ToUInt32(file, (int)entry + 12);
                }

                next = BitConverter.ToUInt32(file, (int)need + 12);
            }
        }

        return -1;
    }

    private static string Text(byte[] file, long start)
    {
        int end = Array.IndexOf(file, (byte)0, (int)start);
        return Encoding.ASCII.GetString(file, (int)start, end - (int)start);
    }
}
