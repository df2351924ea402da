using System.IO.Compression;
using Parquet.Meta;
using ZstdSharp;
using Encoding = Parquet.Meta.Encoding;

namespace SafeVision.Training.Data.Sources;

/// <summary>Looks through what a Parquet file declares of itself, before a library believes it: the footer's lists fit
/// into the footer, each page lies within its chunk and the file, and no page becomes larger than it says.</summary>
internal static class ParquetPages
{
    private const int MostFooterBytes = 16 << 20, MostHeaderBytes = 1 << 16;

    // What header fields are called in parquet.thrift: a nested struct's stand behind its own number.
    private const int Type = 1, Uncompressed = 2, Compressed = 3, DataPage = 5, DictionaryPage = 7, DataPageV2 = 8;
    private const int Values = 1, Coding = 2, CodingV2 = 4, DefinitionBytes = 5, RepetitionBytes = 6, IsCompressed = 7;

    // Texts as they stand, and by numbers into a dictionary; others declare sizes within their bytes.
    private static readonly Encoding[] s_encodings = [Encoding.PLAIN, Encoding.PLAIN_DICTIONARY, Encoding.RLE, Encoding.RLE_DICTIONARY];

    public static ReadOnlySpan<byte> Magic => "PAR1"u8;

    /// <exception cref="FormatException">The file does not end in a footer that can be read.</exception>
    public static void RequireFooter(FileStream file)
    {
        Span<byte> end = stackalloc byte[8];
        int length = file.Length >= 12 && Read(file, file.Length - 8, end) == 8 && end[4..].SequenceEqual(Magic) ? BinaryPrimitives.ReadInt32LittleEndian(end) : -1;
        if (length < 0 || length > file.Length - 12)
        {
            throw new FormatException("it does not end as a Parquet file does, so it may be cut off");
        }

        if (length > MostFooterBytes)
        {
            throw new FormatException($"its footer has {length} bytes; at most {MostFooterBytes} are read");
        }

        byte[] footer = new byte[length];
        Read(file, file.Length - 8 - length, footer);
        new ThriftScan(footer).Struct(null);
    }

    /// <summary>Looks through a column chunk of texts without nesting.</summary>
    /// <param name="rows">The rows that it has.</param>
    /// <param name="most">The most bytes that it may have when it is unpacked.</param>
    /// <returns>The bytes that it has then.</returns>
    /// <exception cref="FormatException">It has more, or is not as it declares.</exception>
    public static long Require(FileStream file, ColumnMetaData chunk, long rows, long most)
    {
        long place = chunk.DictionaryPageOffset is > 0 and var dictionary && dictionary < chunk.DataPageOffset ? dictionary : chunk.DataPageOffset;
        if (place < 4 || chunk.TotalCompressedSize < 0 || chunk.TotalCompressedSize > file.Length - 12 - place)
        {
            throw new FormatException("it lies beyond the end of the file, which may be cut off");
        }

        if (chunk.TotalUncompressedSize < 0 || chunk.TotalUncompressedSize > most)
        {
            throw new FormatException($"it has {chunk.TotalUncompressedSize} bytes unpacked, and {most} of a row group's are left. Write the list with smaller row groups");
        }

        long end = place + chunk.TotalCompressedSize, values = 0, unpacked = 0;
        while (place < end)
        {
            byte[] window = new byte[Math.Min(MostHeaderBytes, end - place)];
            Read(file, place, window);
            var header = new Dictionary<int, long>();
            place += new ThriftScan(window).Struct(header);
            long packed = header.GetValueOrDefault(Compressed, -1), size = header.GetValueOrDefault(Uncompressed, -1);
            unpacked += Math.Max(0, size);
            if (packed < 0 || packed > end - place || size < 0 || unpacked > chunk.TotalUncompressedSize)
            {
                throw new FormatException("a page is larger than its column has room for");
            }

            (int nested, long levels) = (PageType)header.GetValueOrDefault(Type, -1) switch
            {
                PageType.DICTIONARY_PAGE => (DictionaryPage, 0L),
                PageType.DATA_PAGE => (DataPage, 0),
                PageType.DATA_PAGE_V2 => (DataPageV2, header.GetValueOrDefault(In(DataPageV2, DefinitionBytes)) + header.GetValueOrDefault(In(DataPageV2, RepetitionBytes))),
                _ => throw new FormatException("a page is of no kind that is read"),
            };
            long here = header.GetValueOrDefault(In(nested, Values), -1);
            values += nested == DictionaryPage ? 0 : here;
            if (here < 0 || values > rows || (nested == DictionaryPage && here > size / 4 /* a text has four bytes for its length */) || levels < 0 || levels > packed || levels > size)
            {
                throw new FormatException("a page declares more values than there can be");
            }

            if (!s_encodings.Contains((Encoding)header.GetValueOrDefault(In(nested, nested == DataPageV2 ? CodingV2 : Coding), -1)))
            {
                throw new FormatException("a page is encoded otherwise than plainly or by a dictionary. Write the list with these encodings");
            }

            CompressionCodec codec = nested == DataPageV2 && header.GetValueOrDefault(In(nested, IsCompressed), 1) == 0 ? CompressionCodec.UNCOMPRESSED : chunk.Codec;
            RequireSize(file, place + levels, packed - levels, size - levels, codec);
            place += packed;
        }

        return values == rows && chunk.NumValues == rows ? chunk.TotalUncompressedSize : throw new FormatException($"it has {values} values, and its row group {rows} rows");
    }

    private static int In(int nested, int field) => (100 * nested) + field;

    /// <summary>Sees to it that a page becomes exactly as large as it says.</summary>
    private static void RequireSize(FileStream file, long place, long packed, long size, CompressionCodec codec)
    {
        bool holds;
        switch (codec)
        {
            case CompressionCodec.UNCOMPRESSED:
                holds = packed == size;
                break;
            case CompressionCodec.SNAPPY:
                byte[] first = new byte[Math.Min(packed, 10)];
                Read(file, place, first);
                holds = new ThriftScan(first).Number() == size; // it begins with its size
                break;
            case CompressionCodec.GZIP or CompressionCodec.ZSTD:
                using (Stream page = Unpack(new MemoryStream(Bytes(file, place, packed), writable: false), codec))
                {
                    long left = size + 1;
                    byte[] buffer = new byte[1 << 16];
                    for (int read = 1; read > 0 && left > 0; left -= read)
                    {
                        read = page.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
                    }

                    holds = left == 1;
                }

                break;
            default:
                throw new FormatException($"it is compressed by {codec}. Write the list with Snappy, gzip, Zstandard, or uncompressed");
        }

        if (!holds)
        {
            throw new FormatException("a page is not as large as it says");
        }
    }

    private static Stream Unpack(Stream packed, CompressionCodec codec) => codec == CompressionCodec.GZIP ? new GZipStream(packed, CompressionMode.Decompress) : new DecompressionStream(packed);

    private static byte[] Bytes(FileStream file, long place, long count)
    {
        byte[] bytes = new byte[count];
        return Read(file, place, bytes) == count ? bytes : throw new FormatException("the file is cut off");
    }

    private static int Read(FileStream file, long place, Span<byte> into)
    {
        file.Position = place;
        return file.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
    }
}

/// <summary>Passes over values of Thrift's compact protocol, none of which is larger than what is left of the bytes.</summary>
/// <param name="bytes">The bytes.</param>
internal ref struct ThriftScan(ReadOnlySpan<byte> bytes)
{
    private const int Deepest = 32;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _place;
    private int _depth;

    /// <summary>Passes over a struct; the bytes that it has.</summary>
    /// <param name="numbers">Receives its numbers and truths by their fields, those of a struct in it at a hundred times its field and theirs; null: nobody wants them.</param>
    /// <param name="prefix">What is added to a field.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public int Struct(Dictionary<int, long>? numbers, int prefix = 0)
    {
        _depth = _depth < Deepest ? _depth + 1 : throw Damaged();
        int field = 0;
        for (int head = Byte(); head != 0; head = Byte())
        {
            field = head >> 4 == 0 ? (int)Signed() : field + (head >> 4);
            int type = head & 15;
            if (type is >= 1 and <= 6)
            {
                long number = type switch { 1 => 1, 2 => 0, 3 => Byte(), _ => Signed() };
                numbers?.TryAdd(prefix + field, number);
            }
            else if (type == 12)
            {
                Struct(prefix == 0 ? numbers : null, 100 * field);
            }
            else
            {
                Skip(type);
            }
        }

        _depth--;
        return _place;
    }

    /// <summary>A number without a sign.</summary>
    public long Number() => Bits() is <= long.MaxValue and var bits ? (long)bits : throw Damaged();

    private long Signed()
    {
        ulong bits = Bits();
        return (long)(bits >> 1) ^ -(long)(bits & 1);
    }

    /// <summary>Seven bits a byte, the lowest first.</summary>
    private ulong Bits()
    {
        ulong bits = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int next = Byte();
            bits |= (ulong)(next & 127) << shift;
            if (next < 128)
            {
                return bits;
            }
        }

        throw Damaged();
    }

    private void Skip(int type)
    {
        switch (type)
        {
            case 1 or 2 or 3: // within a list a truth is a byte
                Byte();
                break;
            case 4 or 5 or 6:
                Signed();
                break;
            case 7:
                Pass(8);
                break;
            case 8:
                Pass(Number());
                break;
            case 9 or 10:
                int head = Byte();
                long count = head >> 4 == 15 ? Number() : head >> 4;
                Require(count);
                _depth = _depth < Deepest ? _depth + 1 : throw Damaged();
                for (long i = 0; i < count; i++)
                {
                    Skip(head & 15);
                }

                _depth--;
                break;
            case 11:
                long pairs = Number();
                Require(pairs);
                int types = pairs > 0 ? Byte() : 0;
                for (long i = 0; i < pairs; i++)
                {
                    Skip(types >> 4);
                    Skip(types & 15);
                }

                break;
            case 12:
                Struct(null);
                break;
            case 13:
                Pass(16);
                break;
            default:
                throw Damaged();
        }
    }

    private int Byte() => _place < _bytes.Length ? _bytes[_place++] : throw Damaged();

    private readonly void Require(long count)
    {
        if (count > _bytes.Length - _place)
        {
            throw Damaged();
        }
    }

    private void Pass(long count)
    {
        Require(count);
        _place += (int)count;
    }

    private static FormatException Damaged() => new("what it says of itself is damaged");
}
