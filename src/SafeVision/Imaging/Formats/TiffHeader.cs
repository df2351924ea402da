namespace SafeVision.Imaging.Formats;

/// <summary>Walks the directories of a TIFF (TIFF 6.0, section 2) so that the library which decodes it meets only what lies within
/// the file and the limits.</summary>
internal readonly ref struct TiffHeader
{
    // The library keeps the values of all entries, known or not. Files have some twenty a page.
    private const int MostEntries = 512;
    private const int EntrySize = 12;

    private readonly ReadOnlySpan<byte> _file;
    private readonly ImageLimits _limits;
    private readonly bool _little;

    private TiffHeader(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        _file = file;
        _limits = limits;
        _little = file[0] == (byte)'I';
    }

    /// <summary>Reads all directories and checks them against the limits.</summary>
    public static List<TiffPage> Read(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        if (file.Length < 8)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Tiff, $"the file ends at offset {file.Length}, within the header");
        }

        return new TiffHeader(file, limits).ReadPages();
    }

    private List<TiffPage> ReadPages()
    {
        var pages = new List<TiffPage>(1);
        var seen = new HashSet<uint>();
        var children = new List<uint>();
        ReadChain(UInt32(4), isChild: false, pages, seen, children);

        // A camera's raw file has a small image first and the others below it (TIFF technical note 1, Adobe, 1995).
        for (int i = 0; i < children.Count; i++)
        {
            ReadChain(children[i], isChild: true, pages, seen, children);
        }

        return pages.Count > 0 ? Order(pages) : throw ImageRejectedException.Corrupt(ImageFormat.Tiff, "there is no page");
    }

    // What is a smaller version of another page goes behind them all, so that the first page is one that viewers show.
    private static List<TiffPage> Order(List<TiffPage> pages)
    {
        bool isDng = pages.Exists(page => page.IsDng);
        pages.ForEach(page => page.IsDng = isDng);
        return [.. pages.Where(page => !page.IsReduced), .. pages.Where(page => page.IsReduced)];
    }

    // A chain of directories that leads back into itself ends there.
    private void ReadChain(uint offset, bool isChild, List<TiffPage> pages, HashSet<uint> seen, List<uint> children)
    {
        while (offset != 0 && seen.Add(offset))
        {
            _limits.CheckFrames(ImageFormat.Tiff, pages.Count + 1, offset);
            TiffPage page = ReadPage(offset, children, out offset);
            page.IsChild = isChild;
            pages.Add(page);
        }
    }

    private TiffPage ReadPage(uint offset, List<uint> children, out uint next)
    {
        if (offset > _file.Length - 2)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Tiff, $"a page begins at offset {offset}; the file ends at {_file.Length}");
        }

        int entries = UInt16((int)offset);
        long end = offset + 2L + (entries * EntrySize);
        if (end > _file.Length - 4)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Tiff, $"the page at offset {offset} has {entries} entries and reaches beyond the end");
        }

        if (entries > MostEntries)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Tiff, $"the page at offset {offset} has {entries} entries, more than {MostEntries}");
        }

        var page = new TiffPage { Offset = offset };
        TiffEntry offsets = default, counts = default;
        long total = 0;
        for (int i = 0; i < entries; i++)
        {
            TiffEntry entry = ReadEntry((int)offset + 2 + (i * EntrySize));
            total += entry.Length;
            if (total > _file.Length)
            {
                throw ImageRejectedException.Corrupt(ImageFormat.Tiff, $"the entries of the page at offset {offset} overlap");
            }

            switch (entry.Tag)
            {
                case 273 or 324:
                    offsets = entry;
                    break;
                case 279 or 325:
                    counts = entry;
                    break;
                case 330:
                    for (uint child = 0; child < entry.Count && children.Count <= _limits.MaxFrames; child++)
                    {
                        children.Add(Value(entry, child));
                    }

                    break;
                default:
                    Apply(entry, page);
                    break;
            }
        }

        _limits.CheckSize(ImageFormat.Tiff, page.Width, page.Height, offset, "the page");
        CheckData(page, offsets, counts);
        next = UInt32((int)end);
        return page;
    }

    private TiffEntry ReadEntry(int position)
    {
        int tag = UInt16(position);
        int type = UInt16(position + 2);
        uint count = UInt32(position + 4);
        int size = type switch { 1 or 2 or 6 or 7 => 1, 3 or 8 => 2, 4 or 9 or 11 or 13 => 4, 5 or 10 or 12 => 8, _ => 0 };
        if (size == 0)
        {
            return new TiffEntry(tag, type, 0, position + 8, 0);
        }

        long length = size * (long)count;
        if (length <= 4)
        {
            return new TiffEntry(tag, type, count, position + 8, (int)length);
        }

        uint value = UInt32(position + 8);
        return value + length <= _file.Length
            ? new TiffEntry(tag, type, count, (int)value, (int)length)
            : throw ImageRejectedException.Truncated(ImageFormat.Tiff, $"tag {tag} at offset {position} points to {length} bytes at {value}; the file ends at {_file.Length}");
    }

    private void Apply(TiffEntry entry, TiffPage page)
    {
        switch (entry.Tag)
        {
            case 254: page.Kind = Int32(entry); break;
            case 255: page.Kind |= Int32(entry) == 2 ? 1 : 0; break;
            case 256: page.Width = Int32(entry); break;
            case 257: page.Height = Int32(entry); break;
            case 258: page.BitsPerSample = Same(entry); break;
            case 259: page.Compression = Int32(entry); break;
            case 262: page.Photometric = Int32(entry); break;
            case 274: page.Orientation = ExifOrientation.Of(Int32(entry)); break;
            case 277: page.SamplesPerPixel = Int32(entry); break;
            case 284: page.IsPlanar = Int32(entry) == 2; break;
            case 322: page.TileWidth = Int32(entry); break;
            case 323: page.TileHeight = Int32(entry); break;
            case 338: page.ExtraSample = entry.Count > 0 ? Int32(entry) : 0; break;
            case 339: page.SampleFormat = Same(entry); break;
            case 50706: page.IsDng = true; break;
            case 34675:
                page.Profile = entry.Offset..(entry.Offset + entry.Length);
                break;
            default: break;
        }
    }

    private void CheckData(TiffPage page, TiffEntry offsets, TiffEntry counts)
    {
        if (page.TileWidth != 0 || page.TileHeight != 0)
        {
            _limits.CheckSize(ImageFormat.Tiff, page.TileWidth, page.TileHeight, page.Offset, "a tile of the page");
        }

        if (offsets.Count == 0 || offsets.Count != counts.Count)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Tiff, $"the page at offset {page.Offset} has {offsets.Count} strips or tiles and {counts.Count} lengths");
        }

        for (uint i = 0; i < offsets.Count; i++)
        {
            (uint from, uint length) = (Value(offsets, i), Value(counts, i));
            if ((long)from + length > _file.Length)
            {
                throw ImageRejectedException.Truncated(ImageFormat.Tiff, $"strip or tile {i} of the page at offset {page.Offset} has {length} bytes at {from}; the file ends at {_file.Length}");
            }
        }
    }

    // One value for all samples; −1 where they differ, which nothing here reads.
    private int Same(TiffEntry entry)
    {
        int first = Int32(entry);
        for (uint i = 1; i < entry.Count; i++)
        {
            if (Value(entry, i) != first)
            {
                return -1;
            }
        }

        return first;
    }

    private int Int32(TiffEntry entry) => entry.Count == 0 ? 0 : (int)Math.Min(Value(entry, 0), int.MaxValue);

    private uint Value(TiffEntry entry, uint index) => entry.Type switch
    {
        1 or 6 or 7 => _file[entry.Offset + (int)index],
        3 or 8 => UInt16(entry.Offset + ((int)index * 2)),
        4 or 9 or 13 => UInt32(entry.Offset + ((int)index * 4)),
        _ => 0,
    };

    private ushort UInt16(int position) =>
        _little ? BinaryPrimitives.ReadUInt16LittleEndian(_file[position..]) : BinaryPrimitives.ReadUInt16BigEndian(_file[position..]);

    private uint UInt32(int position) =>
        _little ? BinaryPrimitives.ReadUInt32LittleEndian(_file[position..]) : BinaryPrimitives.ReadUInt32BigEndian(_file[position..]);

    /// <summary>An entry of a directory; its values lie in the file.</summary>
    private readonly record struct TiffEntry(int Tag, int Type, uint Count, int Offset, int Length);
}
