namespace SafeVision.Imaging.Formats;

/// <summary>Walks the markers of a JPEG (ITU-T T.81, annex B) from the first to the end of the image, decoding nothing.</summary>
internal static class JpegHeader
{
    // Files have about ten. Each scan of a progressive JPEG may touch every block while costing a handful of bytes, and the
    // decoder goes through all of them before its first row, and no clock stops it.
    private const int MostScans = 100;
    private const int MostScansOfLargest = 16;

    /// <summary>Reads the header and checks it against the limits.</summary>
    public static ImageHeader Read(ReadOnlySpan<byte> file, ImageLimits limits, out JpegLayout layout)
    {
        layout = default;
        var orientation = Orientation.Upright;
        bool exif = false;
        ReadOnlySpan<byte> profile = default;
        var segments = new JpegSegments(file);
        while (segments.MoveNext())
        {
            ReadOnlySpan<byte> segment = segments.Content;
            switch (segments.Marker)
            {
                case JpegMarkers.StartOfScan:
                    ReadScan(segment, segments.Position, limits, ref layout);
                    break;
                case 0xE1 when !exif && segment.StartsWith("Exif\0\0"u8):
                    orientation = ExifOrientation.Read(segment);
                    exif = true;
                    break;
                case 0xE2 when segment.StartsWith("ICC_PROFILE\0\x01"u8) && segment.Length > 14:
                    profile = segment[14..];
                    break;
                case var marker when JpegMarkers.BeginsFrame(marker):
                    ReadFrame(segment, marker, segments.Position, limits, ref layout);
                    break;
            }
        }

        (layout.HasEnd, layout.End) = (segments.Marker == JpegMarkers.EndOfImage, segments.Position);
        CheckScans(layout);
        ReadOnlySpan<byte> kind = layout.ComponentCount switch { 1 => "GRAY"u8, 4 => "CMYK"u8, _ => "RGB "u8 };
        return new ImageHeader(layout.Width, layout.Height, Orientation: orientation, Color: IccProfile.For(profile, kind));
    }

    private static void ReadFrame(ReadOnlySpan<byte> segment, int marker, int position, ImageLimits limits, ref JpegLayout layout)
    {
        if (marker > 0xC2)
        {
            throw ImageRejectedException.Unsupported(ImageFormat.Jpeg, $"the coding SOF{marker - 0xC0} at offset {position} is not read: lossless, hierarchical or arithmetic");
        }

        if (layout.ComponentCount != 0)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Jpeg, $"a second frame header at offset {position}");
        }

        if (segment.Length < 6 || segment.Length < 6 + (3 * segment[5]))
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Jpeg, $"the frame header at offset {position} is too short");
        }

        if (segment[0] != 8 || segment[5] is not (1 or 3 or 4))
        {
            throw ImageRejectedException.Unsupported(ImageFormat.Jpeg, $"{segment[5]} components of {segment[0]} bits, at offset {position}");
        }

        layout.Height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]);
        layout.Width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        limits.CheckSize(ImageFormat.Jpeg, layout.Width, layout.Height, position + 3);
        layout.IsProgressive = marker == 0xC2;
        layout.ComponentCount = segment[5];
        for (int i = 0; i < layout.ComponentCount; i++)
        {
            ReadOnlySpan<byte> entry = segment.Slice(6 + (3 * i), 3);
            var component = new JpegLayout.Component(entry[0], (byte)(entry[1] >> 4), (byte)(entry[1] & 15));
            if (component.Horizontal is < 1 or > 4 || component.Vertical is < 1 or > 4)
            {
                throw ImageRejectedException.Corrupt(ImageFormat.Jpeg, $"sampling factors {component.Horizontal}x{component.Vertical} at offset {position}");
            }

            layout.Components[i] = component;
        }
    }

    private static void ReadScan(ReadOnlySpan<byte> segment, int position, ImageLimits limits, ref JpegLayout layout)
    {
        int count = segment.Length > 0 ? segment[0] : 0;
        if (layout.ComponentCount == 0 || count is < 1 or > 4 || segment.Length < 4 + (2 * count))
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Jpeg, $"a scan at offset {position} without a frame header, or with {count} components");
        }

        long pixels = (long)layout.Width * layout.Height;
        if (++layout.Scans > MostScans || layout.Scans * pixels > MostScansOfLargest * limits.MaxPixels)
        {
            throw ImageRejectedException.TooLarge(ImageFormat.Jpeg, $"{layout.Scans} or more scans of {pixels} pixels by offset {position}; at most {MostScans} are read, and {MostScansOfLargest} of the largest image allowed (ImageLimits.MaxPixels)");
        }

        if (layout.Scans == 1)
        {
            layout.IsInterleaved = count == layout.ComponentCount;
        }

        bool holdsMeans = segment[1 + (2 * count)] == 0;
        for (int i = 0; i < count && holdsMeans; i++)
        {
            if (layout.IndexOf(segment[1 + (2 * i)]) is >= 0 and var component)
            {
                layout.Begun |= 1 << component;
            }
        }
    }

    private static void CheckScans(in JpegLayout layout)
    {
        if (layout.ComponentCount != 0 && layout.Begun == (1 << layout.ComponentCount) - 1)
        {
            return;
        }

        string what = $"the {(layout.HasEnd ? "image" : "file")} ends at offset {layout.End} without {(layout.ComponentCount == 0 ? "a frame header" : "a scan of each component")}";
        throw layout.HasEnd ? ImageRejectedException.Corrupt(ImageFormat.Jpeg, what) : ImageRejectedException.Truncated(ImageFormat.Jpeg, what);
    }
}

/// <summary>The markers of a JPEG (ITU-T T.81, table B.1).</summary>
internal static class JpegMarkers
{
    public const int None = -1; // not a marker: the file has ended
    public const int HuffmanTables = 0xC4;
    public const int FirstRestart = 0xD0;
    public const int LastRestart = 0xD7;
    public const int EndOfImage = 0xD9;
    public const int StartOfScan = 0xDA;
    public const int RestartInterval = 0xDD;

    /// <summary>Whether the segment is a frame header (SOF0 to SOF15).</summary>
    public static bool BeginsFrame(int marker) => marker is >= 0xC0 and <= 0xCF and not HuffmanTables and not 0xC8 and not 0xCC;
}

/// <summary>Goes from segment to segment of a JPEG up to the end of the image or the file.</summary>
internal ref struct JpegSegments(ReadOnlySpan<byte> file)
{
    private readonly ReadOnlySpan<byte> _file = file;
    private int _next = 2;

    /// <summary>The segment's marker; once there is none any more, what ended the walk.</summary>
    public int Marker { get; private set; } = JpegMarkers.None;

    public int Position { get; private set; } // where the segment's length stands, or where the walk ended

    /// <summary>Where the segment ends, and the data of a scan begin.</summary>
    public readonly int End => _next;

    public ReadOnlySpan<byte> Content { get; private set; }

    /// <exception cref="ImageRejectedException">A segment has no length, or is longer than the file.</exception>
    public bool MoveNext()
    {
        do
        {
            Marker = NextMarker();
        }
        while (Marker is 0x01 or 0xD8); // TEM, and a second SOI: no length and no content follow

        Position = _next;
        if (Marker is JpegMarkers.None or JpegMarkers.EndOfImage)
        {
            return false;
        }

        int left = _file.Length - Position;
        if (left < 2)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Jpeg, $"the file ends at offset {_file.Length}, within segment 0x{Marker:X2}");
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(_file[Position..]);
        if (length < 2)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Jpeg, $"segment 0x{Marker:X2} at offset {Position} declares a length of {length}");
        }

        if (length > left)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Jpeg, $"segment 0x{Marker:X2} at offset {Position} declares {length} bytes; {left} are left");
        }

        Content = _file.Slice(Position + 2, length - 2);
        _next = Position + length;
        return true;
    }

    // What lies before a marker, such as the data of a scan with its stuffed zeros and restart markers, is passed over.
    private int NextMarker()
    {
        while (_next < _file.Length && _file[_next..].IndexOf((byte)0xFF) is >= 0 and var found)
        {
            _next += found + 1;
            if (_next < _file.Length && _file[_next] is not (0x00 or 0xFF or (>= JpegMarkers.FirstRestart and <= JpegMarkers.LastRestart)))
            {
                return _file[_next++];
            }
        }

        _next = _file.Length;
        return JpegMarkers.None;
    }
}
