using BenchmarkDotNet.Running;

// Run with: dotnet run -c Release --project bench -- --filter '*Framing*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
