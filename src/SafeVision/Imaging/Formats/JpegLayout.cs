using System.Runtime.CompilerServices;

namespace SafeVision.Imaging.Formats;

/// <summary>What the markers of a JPEG tell about its scans.</summary>
internal struct JpegLayout
{
    /// <summary>Whether the frame is progressive (SOF2), not sequential.</summary>
    public bool IsProgressive;

    /// <summary>Stored columns.</summary>
    public int Width;

    /// <summary>Stored rows.</summary>
    public int Height;

    /// <summary>Colour components: 1, 3 or 4; 0 before the frame header.</summary>
    public int ComponentCount;

    /// <summary>The components, of which <see cref="ComponentCount"/> count.</summary>
    public ComponentList Components;

    /// <summary>Scans begun.</summary>
    public int Scans;

    /// <summary>Bit i is set when a scan with the mean colours (DC) of component i has begun.</summary>
    public int Begun;

    /// <summary>Whether the first scan holds all components. Where it does not, the picture's last pixel tells less.</summary>
    public bool IsInterleaved;

    /// <summary>Whether there is an end marker (EOI).</summary>
    public bool HasEnd;

    /// <summary>Where the image ends: after the end marker, or where the file does.</summary>
    public int End;

    public int MaxHorizontal
    {
        get
        {
            int most = 1;
            for (int i = 0; i < ComponentCount; i++)
            {
                most = Math.Max(most, Components[i].Horizontal);
            }

            return most;
        }
    }

    public int MaxVertical
    {
        get
        {
            int most = 1;
            for (int i = 0; i < ComponentCount; i++)
            {
                most = Math.Max(most, Components[i].Vertical);
            }

            return most;
        }
    }

    /// <summary>Which component has this identifier; −1 for none.</summary>
    public int IndexOf(byte id)
    {
        for (int i = 0; i < ComponentCount; i++)
        {
            if (Components[i].Id == id)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A component's identifier and sampling factors.</summary>
    public readonly record struct Component(byte Id, byte Horizontal, byte Vertical);

    [InlineArray(4)]
    public struct ComponentList
    {
        private Component _first;
    }
}
