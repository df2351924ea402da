using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeVision.Tests;

/// <summary>Damages files as strangers do: values of JSON that no writer would write, text that is cut, doubled or strange, bytes that are others.</summary>
internal static class FileMutation
{
    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] s_values =
    [
        "null", "-1", "0", "1", "3", "7", "65536", "2147483647", "-2147483648", "4294967296", "9223372036854775807", "1e308", "1e-320", "0.5", "-0.0", "true", "false", "\"\"", "\"a\"", "\"../../x\"", "\"/etc/passwd\"",
        "\"\\u0000\"", "[]", "{}", "[null]", "[[[]]]", "[1,2,3,4,5,6,7,8,9]", "{\"a\":1}", "\"(a+)+$\"", "\"" + new string('x', 5000) + "\"", "[" + string.Join(',', Enumerable.Repeat("0", 3000)) + "]",
    ];

    private static readonly string[] s_pieces =
    [
        "{{", "}}", "{%", "%}", "{% for i in range(99999999) %}", "{% endfor %}", "{% if x %}", "{% endif %}", "{{ 'ab' * 999999999 }}", "{{ messages | tojson }}", "{{ messages[0].content[9] }}", "\0", "\"", "'", ",", ":", "\n", "\\ud800", "[", "]", "{", "}",
        "99999999999999999999", "-", "é", "\uFEFF", "#", "\r", new string('(', 3000), "{\"a\":", "NaN",
    ];

    /// <summary>How many mutations are tried: the suite's few, or as many as the variable SAFEVISION_MUTATIONS says.</summary>
    public static int Count(int usual) => int.TryParse(Environment.GetEnvironmentVariable("SAFEVISION_MUTATIONS"), CultureInfo.InvariantCulture, out int many) ? many : usual;

    /// <summary>A file with a fault or some.</summary>
    public static byte[] Of(string path, byte[] content, Random random)
    {
        for (int faults = random.Next(4) == 0 ? 3 : 1; faults > 0; faults--)
        {
            content = Path.GetExtension(path) switch
            {
                ".json" when random.Next(5) > 0 => Json(content, random),
                ".jsonl" when random.Next(3) > 0 => Lines(content, random),
                ".json" or ".jsonl" or ".jinja" or ".txt" or ".csv" or ".yaml" => Text(content, random),
                ".safetensors" when random.Next(3) > 0 => Tensors(content, random),
                _ => Bytes(content, random),
            };
        }

        return content;
    }

    private static byte[] Json(byte[] content, Random random)
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(content);
            JsonNode? node = root;
            for (int depth = 0; ; depth++)
            {
                if (node is JsonObject { Count: > 0 } entries)
                {
                    string key = entries.ElementAt(random.Next(entries.Count)).Key;
                    if (entries[key] is JsonObject or JsonArray && random.Next(4) > 0)
                    {
                        node = entries[key];
                        continue;
                    }

                    JsonNode? old = entries[key];
                    entries.Remove(key);
                    if (random.Next(6) is > 0 and int kind)
                    {
                        entries[kind == 1 ? key + "x" : key] = kind == 2 ? new JsonArray(old) : Value(random);
                    }
                }
                else if (node is JsonArray { Count: > 0 } items)
                {
                    int at = random.Next(items.Count);
                    if (items[at] is JsonObject or JsonArray && random.Next(4) > 0)
                    {
                        node = items[at];
                        continue;
                    }

                    JsonNode? old = items[at];
                    items.RemoveAt(at);
                    if (random.Next(4) is > 0 and int kind)
                    {
                        items.Insert(at, kind == 1 ? Value(random) : kind == 2 ? new JsonArray(old) : old?.DeepClone());
                    }
                }
                else
                {
                    root = Value(random);
                }

                return Encoding.UTF8.GetBytes(root?.ToJsonString(s_plain) ?? "null");
            }
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            return Text(content, random);
        }
    }

    private static JsonNode? Value(Random random) => JsonNode.Parse(s_values[random.Next(s_values.Length)]);

    private static byte[] Lines(byte[] content, Random random)
    {
        List<string> lines = [.. Encoding.UTF8.GetString(content).Split('\n')];
        int line = random.Next(lines.Count);
        lines[line] = Encoding.UTF8.GetString(Json(Encoding.UTF8.GetBytes(lines[line]), random));
        if (random.Next(5) == 0)
        {
            lines.Insert(random.Next(lines.Count), lines[line]);
        }

        return Encoding.UTF8.GetBytes(string.Join('\n', lines));
    }

    private static byte[] Text(byte[] content, Random random)
    {
        string text = Encoding.UTF8.GetString(content);
        int at = random.Next(text.Length + 1), length = random.Next(Math.Min(200, text.Length - at) + 1);
        text = random.Next(5) switch
        {
            0 => text[..at],
            1 => text.Remove(at, length),
            2 => text.Insert(random.Next(text.Length + 1), text.Substring(at, length)),
            _ => text.Insert(at, s_pieces[random.Next(s_pieces.Length)]),
        };
        return Encoding.UTF8.GetBytes(text);
    }

    /// <summary>The header of safetensors, with its length right again most of the time.</summary>
    private static byte[] Tensors(byte[] content, Random random)
    {
        if (content.Length < 8 || BitConverter.ToInt64(content) is var length && (length < 0 || length > content.Length - 8))
        {
            return Bytes(content, random);
        }

        byte[] header = Json(content[8..(int)(8 + length)], random);
        return [.. BitConverter.GetBytes(random.Next(8) > 0 ? header.Length : (long)(random.NextDouble() * long.MaxValue)), .. header, .. content[(int)(8 + length)..]];
    }

    private static byte[] Bytes(byte[] content, Random random)
    {
        if (content.Length == 0)
        {
            return [0];
        }

        int at = random.Next(random.Next(2) == 0 ? Math.Min(64, content.Length) : content.Length);
        switch (random.Next(5))
        {
            case 0:
                return content[..at];
            case 1:
                return [.. content[..at], .. content[Math.Min(content.Length, at + random.Next(1, 100))..]];
            case 2:
                return [.. content, .. content[at..]];
            default:
                byte[] changed = [.. content];
                for (int i = random.Next(1, 6); i > 0; i--)
                {
                    changed[Math.Min(changed.Length - 1, at + random.Next(9))] = (byte)random.Next(256);
                }

                return changed;
        }
    }
}

/// <summary>A folder of files that is damaged anew for each seed, and what came of reading it.</summary>
internal sealed class MutatedFolder : IDisposable
{
    private readonly string[] _originals;
    private readonly string _root = Directory.CreateTempSubdirectory("mutated").FullName;

    /// <param name="originals">The files of a folder without fault.</param>
    public MutatedFolder(IEnumerable<string> originals) => _originals = [.. originals];

    public string Path => System.IO.Path.Combine(_root, "m");

    /// <summary>Damages one or two of the files by each seed, reads them, and asserts that the reading ends in time with a result or an error of the kinds that are named.</summary>
    public async Task EachAsync(int count, int seed, Func<Task> read, Func<Exception, bool> isTyped, double mostSeconds = 20)
    {
        var problems = new List<string>();
        for (int i = 0; i < count && problems.Count < 20; i++)
        {
            var random = new Random((seed * 1_000_003) + i);
            if (Directory.Exists(_root))
            {
                Directory.Delete(_root, recursive: true);
            }

            Directory.CreateDirectory(Path);
            string[] damaged = [.. Enumerable.Range(0, random.Next(5) == 0 ? 2 : 1).Select(_ => _originals[random.Next(_originals.Length)])];
            foreach (string original in _originals)
            {
                byte[] content = File.ReadAllBytes(original);
                File.WriteAllBytes(System.IO.Path.Combine(Path, System.IO.Path.GetFileName(original)), damaged.Contains(original) ? FileMutation.Of(original, content, random) : content);
            }

            long began = TimeProvider.System.GetTimestamp();
            string names = $"seed {seed}, {i}: {string.Join(" and ", damaged.Select(System.IO.Path.GetFileName))}";
            try
            {
                await read().WaitAsync(TimeSpan.FromSeconds(mostSeconds * 3));
            }
            catch (Exception exception) when (isTyped(exception))
            {
                if (exception.Message.Length > 4000)
                {
                    problems.Add($"{names}: a message of {exception.Message.Length} characters, {exception.Message[..300]}");
                }
            }
            catch (Exception exception)
            {
                problems.Add($"{names}: {exception}");
                if (Environment.GetEnvironmentVariable("SAFEVISION_MUTATIONS") is not null)
                {
                    Console.WriteLine(problems[^1]);
                }
            }

            if (TimeProvider.System.GetElapsedTime(began).TotalSeconds > mostSeconds)
            {
                problems.Add($"{names}: took {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s");
            }
        }

        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    public void Dispose()
    {
        if (Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }
    }
}
