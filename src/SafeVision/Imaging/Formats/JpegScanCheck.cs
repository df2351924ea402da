namespace SafeVision.Imaging.Formats;

/// <summary>Tells whether the scans of a JPEG reach the end of the image, by walking their Huffman codes (ITU-T T.81, annex F).
/// Decoders fill what is missing with gray and say nothing. The walk costs about as much as decoding, so it is done only where the
/// image ends in gray.</summary>
internal ref struct JpegScanCheck
{
    private readonly ReadOnlySpan<byte> _file;
    private readonly JpegLayout _layout;
    private readonly JpegHuffmanTable?[] _tables;
    private int _restartInterval;

    private JpegScanCheck(ReadOnlySpan<byte> file, JpegLayout layout)
    {
        _file = file[..layout.End];
        _layout = layout;
        _tables = new JpegHuffmanTable?[8];
    }

    /// <exception cref="ImageRejectedException">A scan ends early, or its codes are not in its tables.</exception>
    public static void Check(ReadOnlySpan<byte> file, JpegLayout layout) => new JpegScanCheck(file, layout).Walk();

    private void Walk()
    {
        var segments = new JpegSegments(_file);
        while (segments.MoveNext())
        {
            switch (segments.Marker)
            {
                case JpegMarkers.HuffmanTables:
                    ReadTables(segments.Content, segments.End);
                    break;
                case JpegMarkers.RestartInterval when segments.Content.Length >= 2:
                    _restartInterval = BinaryPrimitives.ReadUInt16BigEndian(segments.Content);
                    break;
                case JpegMarkers.StartOfScan:
                    WalkScan(segments.Content, segments.End);
                    break;
            }
        }
    }

    private readonly void ReadTables(ReadOnlySpan<byte> segment, int position)
    {
        while (segment.Length > 17)
        {
            int slot = ((segment[0] >> 4) * 4) + (segment[0] & 15);
            if (slot >= _tables.Length || JpegHuffmanTable.Read(segment[1..], out int length) is not { } table)
            {
                throw ImageRejectedException.Corrupt(ImageFormat.Jpeg, $"no such Huffman table, before offset {position}");
            }

            _tables[slot] = table;
            segment = segment[(1 + length)..];
        }
    }

    private readonly void WalkScan(ReadOnlySpan<byte> segment, int position)
    {
        int count = segment[0];
        bool means = segment[1 + (2 * count)] == 0 && segment[3 + (2 * count)] >> 4 == 0;
        if (!means)
        {
            return; // A scan that refines. Without it the image is coarse, not gray.
        }

        var parts = new (JpegHuffmanTable? Dc, JpegHuffmanTable? Ac, int Blocks)[count];
        int component = 0;
        for (int i = 0; i < count; i++)
        {
            component = _layout.IndexOf(segment[1 + (2 * i)]);
            byte tables = segment[2 + (2 * i)];
            if (component < 0 || (tables >> 4) > 3 || (tables & 15) > 3)
            {
                throw ImageRejectedException.Corrupt(ImageFormat.Jpeg, $"the scan at offset {position} names a component or table that does not exist");
            }

            JpegLayout.Component sampling = _layout.Components[component];
            parts[i] = (_tables[tables >> 4], _tables[4 + (tables & 15)], count == 1 ? 1 : sampling.Horizontal * sampling.Vertical);
            if (parts[i].Dc is null || (!_layout.IsProgressive && parts[i].Ac is null))
            {
                return; // Decoders have tables of their own for files without; those this walk cannot follow.
            }
        }

        WalkUnits(parts, UnitCount(count, component), position);
    }

    private readonly void WalkUnits(ReadOnlySpan<(JpegHuffmanTable? Dc, JpegHuffmanTable? Ac, int Blocks)> parts, int units, int position)
    {
        var bits = new JpegBitReader(_file[position..]);
        for (int unit = 0; unit < units; unit++)
        {
            if (_restartInterval > 0 && unit > 0 && unit % _restartInterval == 0)
            {
                bits.Restart();
            }

            foreach ((JpegHuffmanTable? dc, JpegHuffmanTable? ac, int blocks) in parts)
            {
                for (int block = 0; block < blocks; block++)
                {
                    SkipBlock(ref bits, dc!, _layout.IsProgressive ? null : ac);
                }
            }

            if (bits.IsPastEnd)
            {
                throw ImageRejectedException.Truncated(ImageFormat.Jpeg, $"the scan at offset {position} has data for {unit} of {units} units of the image");
            }

            if (bits.IsInvalid)
            {
                throw ImageRejectedException.Corrupt(ImageFormat.Jpeg, $"the scan at offset {position} has a code that is in no table, in unit {unit} of {units}");
            }
        }
    }

    private static void SkipBlock(ref JpegBitReader bits, JpegHuffmanTable dc, JpegHuffmanTable? ac)
    {
        bits.Skip(bits.Symbol(dc) & 15);
        for (int k = 1; k < 64 && ac is not null; k++)
        {
            int symbol = bits.Symbol(ac);
            int run = symbol >> 4, size = symbol & 15;
            if (size == 0 && run != 15)
            {
                return;
            }

            k += run;
            bits.Skip(size);
        }
    }

    // A scan of one component has no padding to whole units: one block each, as many as the component needs (A.2.2).
    private readonly int UnitCount(int count, int component)
    {
        (int maxH, int maxV) = _layout.MostSampled;
        if (count > 1)
        {
            return DivideUp(_layout.Width, 8 * maxH) * DivideUp(_layout.Height, 8 * maxV);
        }

        JpegLayout.Component sampling = _layout.Components[component];
        return DivideUp(DivideUp(_layout.Width * sampling.Horizontal, maxH), 8) * DivideUp(DivideUp(_layout.Height * sampling.Vertical, maxV), 8);
    }

    private static int DivideUp(int value, int by) => (value + by - 1) / by;
}
