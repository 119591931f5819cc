using BenchmarkDotNet.Running;
using Rag.Benchmarks;
using Rag.Benchmarks.Layers;

// Run with: dotnet run -c Release --project bench -- --filter '*Framing*'
// or: dotnet run -c Release --project bench -- embedding-check MODEL_FOLDER [CUDA_LIBRARY]
// or: dotnet run -c Release --project bench -- nats
// or: dotnet run -c Release --project bench -- metadata [DOCUMENTS [together]]
// or: dotnet run -c Release --project bench -- search-calls
// or: dotnet run -c Release --project bench -- layers [WORKSPACES] [CHUNKS] [SECONDS]
if (args is ["layers", .. var shape])
    return await LayersReport.RunAsync(shape);
if (args is ["layers-server", var data])
    return await LayersServer.RunAsync(data);
// or: dotnet run -c Release --project bench -- allocation-budget
if (args is ["allocation-budget"])
    return AllocationBudget.Run();
// or: dotnet run -c Release --project bench -- replicated-writes [SECONDS]
if (args is ["replicated-writes", .. var time])
    return await ReplicatedWritesReport.RunAsync(time.Length > 0 ? double.Parse(time[0], System.Globalization.CultureInfo.InvariantCulture) : 10);
if (args is ["search-calls"])
    return await SearchCallReport.RunAsync();
if (args is ["nats"])
    return await NatsReport.RunAsync();
if (args is ["metadata", .. var size])
    return await MetadataReport.RunAsync(size.Length > 0 ? int.Parse(size[0]) : 1_000_000, isAloneToo: !size.Contains("together"));
if (args is ["embedding-check", var folder, .. var rest])
    return await EmbeddingCheckReport.RunAsync(folder, rest.FirstOrDefault());
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
