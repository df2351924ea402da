Console.WriteLine("safevision");
